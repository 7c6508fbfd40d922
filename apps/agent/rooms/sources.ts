import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, repeat } from "@havn/model";
import { readDeclared, type Source, type TelemetryAgent } from "@havn/telemetry/agent";

/** Where `collect(…)` of a configuration puts what a host collects beside itself. */
const folder = "/etc/havn/collect.d";
const lookMs = 10_000;

export interface SourcesOptions {
  host: string;
  telemetry: Pick<TelemetryAgent, "setSources" | "setInterval">;
  /** Types of the resources that this host shall have. */
  types: () => ReadonlySet<string>;
  clock: Clock;
  log: (message: string) => void;
  folder?: string;
}

/** Follows what is declared for this host: units, groups and processes always, a PostgreSQL that Havn runs by itself. */
export function followSources(options: SourcesOptions): AsyncDisposable & { look(): Promise<void> } {
  const { host, telemetry, clock, log } = options;
  const stopping = new AbortController();
  let reason = "";
  async function look(): Promise<void> {
    const { sources, hostIntervalMs, faults } = await readFolder(options.folder ?? folder, host);
    const told = faults.join("; ");
    if (told !== "" && told !== reason) log(`Metrics that are not collected: ${told}`);
    reason = told;
    telemetry.setInterval(hostIntervalMs);
    telemetry.setSources([...ownSources(host, options.types()), ...sources]);
  }
  const looking = repeat(() => look().catch((cause: Error) => log(cause.message)), {
    ...{ clock, interval: lookMs },
    signal: stopping.signal,
  });
  return {
    look,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking;
    },
  };
}

export function ownSources(host: string, types: ReadonlySet<string>): Source[] {
  const node = { job: "node", instance: host };
  const sources: Source[] = [
    { ...node, kind: "systemd", intervalMs: 30_000 },
    { ...node, kind: "cgroups", intervalMs: 15_000 },
    { ...node, kind: "processes", intervalMs: 15_000 },
  ];
  if (types.has("postgres.database"))
    sources.push({ job: "postgres", instance: `${host}:5432`, kind: "postgres", intervalMs: 15_000 });
  return sources;
}

async function readFolder(path: string, host: string) {
  const sources: Source[] = [];
  const faults: string[] = [];
  let hostIntervalMs: number | undefined;
  for (const name of (await readdir(path).catch(() => [])).sort()) {
    try {
      const read = readDeclared(name, await readFile(join(path, name), "utf8"), host);
      if ("hostIntervalMs" in read) hostIntervalMs = read.hostIntervalMs;
      else sources.push(read.source);
    } catch (cause) {
      faults.push((cause as Error).message);
    }
  }
  return { sources, faults, hostIntervalMs };
}
