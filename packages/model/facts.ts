import { z } from "zod";
import { durationText } from "./duration.ts";

/** What an agent tells of its host when it connects. */
export const factsSchema = z.object({
  hostname: z.string(),
  os: z.object({ id: z.string(), version: z.string(), name: z.string(), platform: z.string() }),
  kernel: z.string(),
  architecture: z.string(),
  cpus: z.number().int(),
  memoryBytes: z.number(),
  addresses: z.array(z.string()),
  bootId: z.string(),
  /** "systemd" where PID 1 is systemd and the agent may use it; "none" otherwise. */
  init: z.enum(["systemd", "none"]),
  root: z.boolean(),
  agentVersion: z.string(),
});
export type Facts = z.infer<typeof factsSchema>;

const bytes = (of: string) => z.number().describe(`bytes ${of}`);

/**
 * What a host tells of itself when something asks, by name. Each is gathered as a whole, when it is first used, and kept
 * for a while (packages/infrastructure/host/facts/).
 */
export const hostFactSchemas = {
  os: z.object({
    id: z.string().describe('"debian", "ubuntu", "fedora" …'),
    version: z.string().describe('"12"; "" where the distribution has none'),
    codename: z.string().describe('"bookworm"'),
    name: z.string().describe('"Debian GNU/Linux 12 (bookworm)"'),
    like: z.array(z.string()).describe("distributions that it descends from, itself first"),
    kernel: z.string().describe('"6.1.0-28-amd64"'),
    architecture: z.string().describe('as the kernel says: "x86_64", "aarch64"'),
    virtualization: z.string().describe('"none", "kvm", "systemd-nspawn" … as systemd knows it'),
    init: z.enum(["systemd", "none"]),
  }),
  cpu: z.object({
    count: z.number().int().describe("processors that can be used"),
    model: z.string(),
    vendor: z.string(),
    flags: z.array(z.string()),
  }),
  memory: z.object({
    total: bytes("that the kernel has to give, somewhat less than what is built in"),
    available: bytes("that can be had without swapping"),
    swap: bytes("of swap in all"),
  }),
  disks: z.record(
    z.string().describe("where it is mounted"),
    z.object({
      device: z.string(),
      type: z.string(),
      size: bytes("in all"),
      free: bytes("that users who are not root can have"),
    }),
  ),
  network: z.object({
    hostname: z.string(),
    primaryInterface: z.string().describe('the one with the default route; "" where there is none'),
    primaryAddress: z.string().describe("its first IPv4 address, else IPv6"),
    gateway: z.string().describe("of the default route"),
    addresses: z.array(z.string()).describe("all but loopback and link-local ones"),
    interfaces: z.record(z.string(), z.object({ mac: z.string(), addresses: z.array(z.string()) })),
  }),
  packages: z.record(z.string(), z.string()).describe("installed ones, each with its version"),
  services: z
    .record(
      z.string(),
      z.object({
        active: z.string().describe('"active", "inactive", "failed" …'),
        enabled: z.string().describe('"enabled", "disabled", "masked", "static" …'),
      }),
    )
    .describe("systemd's, by their names without .service"),
} as const;
export type HostFactName = keyof typeof hostFactSchemas;
export type HostFacts = { [Name in HostFactName]: z.infer<(typeof hostFactSchemas)[Name]> };

export const isHostFactName = (name: string): name is HostFactName => Object.hasOwn(hostFactSchemas, name);

/** How a fact that a configuration defines is found out: a command's output, made a value by `parse`. */
export const factSourceSchema = z.strictObject({
  command: z.array(z.string()).min(1).optional().describe("run without a shell, as root"),
  script: z.string().optional().describe("run by /bin/sh, as root"),
  parse: z
    .string()
    .describe('"text", "number", "lines", "json", or the text of a JavaScript function of the output'),
  keep: durationText.describe("for how long a value may be used again"),
});
export type FactSource = z.infer<typeof factSourceSchema>;

/** A fact of the host that the resource lives on: its name, then the way inside. `from` is there for defined ones. */
export interface FactReference {
  $fact: readonly string[];
  from?: FactSource | undefined;
}
export const factReference = z.strictObject({
  $fact: z.array(z.string()).min(1),
  from: factSourceSchema.optional(),
});

/** A fact as it was gathered. */
export const gatheredFactSchema = z.object({
  name: z.string(),
  value: z.unknown().optional(),
  error: z.string().optional().describe("why there is no value"),
  at: z.number().describe("when it was gathered, milliseconds since the epoch"),
});
export type GatheredFact = z.infer<typeof gatheredFactSchema>;
