import { connect } from "node:net";
import type { FileView, Probe } from "../resources/type.ts";
import { createAccounts } from "./accounts.ts";
import { runCommand } from "./commands.ts";
import { openFiles } from "./files.ts";
import { request } from "./http.ts";

const longestProbe = 10_000;

/** Undefined where it succeeds, else why it does not. Never throws for what is merely not so. */
export async function runProbe(probe: Probe, files?: FileView): Promise<string | undefined> {
  switch (probe.kind) {
    case "port":
      return probePort(probe);
    case "file":
      return probeFile(probe, files ?? openFiles(createAccounts()));
    case "http":
      return probeHttp(probe);
    case "command": {
      const { code, stderr, stdout } = await runCommand(probe.command, { user: probe.user });
      if (code === 0) return undefined;
      const said = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
      return `${probe.command.join(" ")} ended with ${code}${said && `: ${said}`}`;
    }
  }
}

function probePort({ host, port }: Probe & { kind: "port" }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome: string | undefined) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(longestProbe, () => end(`nobody answers on ${host}:${port}`));
    socket.once("connect", () => end(undefined));
    socket.once("error", ({ message }) => end(message || `nothing listens on ${host}:${port}`));
  });
}

async function probeFile(
  { path, contains, absent }: Probe & { kind: "file" },
  files: FileView,
): Promise<string | undefined> {
  const found = await files.stat(path);
  if (absent) return found ? `${path} is there` : undefined;
  if (!found) return `${path} is not there`;
  if (contains === undefined) return undefined;
  if (found.kind !== "file") return `${path} is no file`;
  return new RegExp(contains, "m").test((await files.read(path)).toString("utf8"))
    ? undefined
    : `${path} holds nothing that ${contains} finds`;
}

async function probeHttp(probe: Probe & { kind: "http" }): Promise<string | undefined> {
  const { url, status, contains } = probe;
  try {
    const answer = await request({
      url,
      method: "GET",
      headers: {},
      status: [status],
      timeoutMs: longestProbe,
    });
    if (answer.status !== status) return `${url} answered ${answer.status}`;
    return contains === undefined || answer.body.includes(contains)
      ? undefined
      : `the answer of ${url} does not hold "${contains}"`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
