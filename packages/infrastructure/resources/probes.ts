import { z } from "zod";
import { urlProperty } from "./running.ts";
import { absolutePath, accountName, textProperty } from "./text.ts";
import type { Probe } from "./type.ts";

/** What can be found out without changing anything: exactly one of them. */
export const probeShape = {
  port: z
    .strictObject({
      port: z.number().int().min(1).max(65_535),
      host: textProperty.default("127.0.0.1").describe("the host itself when absent"),
    })
    .optional()
    .describe("something listens there"),
  file: z
    .strictObject({
      path: absolutePath,
      contains: z
        .string()
        .optional()
        .describe("a regular expression that finds something in it, line by line"),
      absent: z.boolean().default(false).describe("true: it is not there"),
    })
    .optional()
    .describe("a file or directory is there"),
  http: z
    .strictObject({
      url: urlProperty,
      status: z.number().int().default(200),
      contains: z.string().optional().describe("text that the answer holds"),
    })
    .optional()
    .describe("it answers"),
  command: z
    .strictObject({ command: z.array(z.string()).min(1), user: accountName.optional() })
    .optional()
    .describe("a command, which must change nothing, succeeds"),
} as const;

export interface ProbeProperties {
  port?: { port: number; host: string } | undefined;
  file?: { path: string; contains?: string | undefined; absent: boolean } | undefined;
  http?: { url: string; status: number; contains?: string | undefined } | undefined;
  command?: { command: string[]; user?: string | undefined } | undefined;
}

export const hasOneProbe = ({ port, file, http, command }: Partial<Record<keyof ProbeProperties, unknown>>) =>
  [port, file, http, command].filter((probe) => probe !== undefined).length === 1;
export const needsOneProbe = { message: "expected exactly one of port, file, http and command" };

export function probeOf({ port, file, http, command }: ProbeProperties): Probe {
  if (port) return { kind: "port", ...port };
  if (file) return { kind: "file", ...file };
  if (http) return { kind: "http", ...http };
  return { kind: "command", command: ["true"], ...command };
}

export function showProbe(probe: Probe): string {
  switch (probe.kind) {
    case "port":
      return `${probe.host}:${probe.port} answers`;
    case "file":
      return `${probe.path} is ${probe.absent ? "gone" : "there"}`;
    case "http":
      return `${probe.url.split("?")[0]} answers ${probe.status}`;
    case "command":
      return `${probe.command.join(" ")} succeeds`;
  }
}

export const probedPaths = ({ file }: ProbeProperties): string[] => (file ? [file.path] : []);
