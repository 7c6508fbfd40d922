import {
  type Clock,
  credentialsIn,
  HavnError,
  type Labels,
  labelsKey,
  repeat,
  withoutCredentials,
} from "@havn/model";
import { z } from "zod";
import { collectCgroups } from "../collectors/cgroups/index.ts";
import { collectNginx } from "../collectors/nginx/index.ts";
import { createPostgresCollector } from "../collectors/postgres/index.ts";
import { createProcessesCollector } from "../collectors/processes/index.ts";
import { collectRedis } from "../collectors/redis/index.ts";
import { type CollectedSample, sample } from "../collectors/sample.ts";
import { collectSystemd } from "../collectors/systemd/index.ts";
import { type SampleSink, shutDown } from "../scrape/target.ts";

/** What an agent collects beside the host itself. `postgres` without a host is the server of this one. */
export type Source = { job: string; instance: string; intervalMs: number; labels?: Labels } & SourceKind;
type SourceKind =
  | { kind: "redis"; address: string; user?: string | undefined; password?: string | undefined }
  | { kind: "nginx"; url: string }
  | ({ kind: "postgres" } & z.output<typeof postgresSettings>)
  | { kind: "systemd" | "cgroups" | "processes" };

const port = z.number().int().min(1).max(65_535);
const postgresSettings = z.strictObject({
  host: z.string().min(1).optional(),
  socket: z.string().startsWith("/").optional(),
  port: port.optional(),
  user: z.string().min(1).optional(),
  password: z.string().optional(),
  database: z.string().min(1).optional(),
});

interface Open {
  collect(now: number, signal: AbortSignal): Promise<CollectedSample[]> | CollectedSample[];
  close?(): void;
  /** What tells whether it answers; kinds of this host's own always do. */
  up?: string;
}

function open(source: Source): Open {
  switch (source.kind) {
    case "redis":
      return { collect: (now, signal) => collectRedis(source, now, signal), up: "redis_up" };
    case "nginx":
      return { collect: (_, signal) => collectNginx(source, signal), up: "nginx_up" };
    case "postgres": {
      const collector = createPostgresCollector(source);
      return { collect: (_, signal) => collector.collect(signal), close: collector.close, up: "pg_up" };
    }
    case "systemd":
      return { collect: (_, signal) => collectSystemd(signal) };
    case "cgroups":
      return { collect: () => collectCgroups() };
    case "processes": {
      const collector = createProcessesCollector();
      return { collect: () => collector.collect() };
    }
  }
}

/** Of one collection: a server that hangs is told as one that does not answer. */
const patienceMs = 10_000;

/**
 * Collects until `signal` aborts; then its series are marked as ended. A server that does not answer is `…_up 0`, its
 * other series end, and the reason is logged when it changes.
 */
export async function runSource(
  source: Source,
  options: {
    sink: SampleSink;
    labels: Labels;
    clock: Clock;
    log: (message: string) => void;
    signal: AbortSignal;
  },
): Promise<void> {
  const { sink, clock, log, signal } = options;
  const { collect, close, up } = open(source);
  const common = { ...options.labels, ...source.labels, job: source.job, instance: source.instance };
  let before = new Map<string, Labels>();
  let reason = "";
  const secrets = secretsOf(source);
  const hidden = (why: string) => secrets.reduce((left, secret) => left.replaceAll(secret, "***"), why);
  const told = (why: string) => {
    if (why !== reason && why !== "")
      log(withoutCredentials(`Metrics of ${source.kind} ${source.instance}: ${hidden(why)}`));
    reason = why;
  };
  const attempt = async (now: number): Promise<CollectedSample[]> => {
    try {
      const samples = await collect(now, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
      told("");
      return samples;
    } catch (cause) {
      if (signal.aborted) return [];
      told((cause as Error).message);
      return up === undefined ? [] : [sample(up, 0)];
    }
  };
  const round = async () => {
    const now = clock.now();
    const samples = await attempt(now);
    if (signal.aborted) return;
    const current = new Map<string, Labels>();
    for (const { name, labels, value } of samples) {
      const whole = { ...common, ...labels, __name__: name };
      current.set(labelsKey(whole), whole);
      sink.add(whole, now, value);
    }
    for (const [key, labels] of before) if (!current.has(key)) sink.addStale(labels, now);
    before = current;
  };
  try {
    await repeat(round, { clock, interval: source.intervalMs, signal });
  } finally {
    close?.();
    if (signal.reason !== shutDown) for (const labels of before.values()) sink.addStale(labels, clock.now());
  }
}

/** What no error of a server may tell, whatever it answers. Shorter values would mask half of any text. */
const secretsOf = (source: Source): string[] =>
  [
    ...("password" in source && source.password !== undefined ? [source.password] : []),
    ...("url" in source ? credentialsIn(source.url) : []),
  ].filter((secret) => secret.length >= 4);

const interval = z.number().int().min(1_000).max(3_600_000).default(15_000);
const declared = z.union([
  z.strictObject({
    interval,
    redis: z.strictObject({
      address: z.string().min(1),
      user: z.string().optional(),
      password: z.string().optional(),
    }),
  }),
  z.strictObject({ interval, nginx: z.strictObject({ url: z.url() }) }),
  z.strictObject({ interval, postgres: postgresSettings }),
  z.strictObject({ interval, host: z.literal(true) }),
]);

/** What one file of the agent's folder declares: `interval` in milliseconds, and one of redis, nginx, postgres and host. */
export type Declared = { name: string; source: Source } | { hostIntervalMs: number };

/** The file's first line is JSON; what follows it, up to the last line break, is a password as it is. Throws a HavnError. */
export function readDeclared(name: string, text: string, host: string): Declared {
  const lineEnd = text.indexOf("\n");
  const rest = lineEnd < 0 ? "" : text.slice(lineEnd + 1).replace(/\n$/, "");
  const parsed = declared.safeParse(parseJson(lineEnd < 0 ? text : text.slice(0, lineEnd)));
  if (!parsed.success)
    throw new HavnError(`The file ${name} declares no metrics that are known`, {
      detail: "Its first line is JSON: interval in milliseconds, and one of redis, nginx, postgres and host.",
    });
  const { data } = parsed;
  if ("host" in data) return { hostIntervalMs: data.interval };
  const password = rest === "" ? {} : { password: rest };
  const common = { job: "", instance: `${host}:${name}`, intervalMs: data.interval };
  if ("redis" in data)
    return { name, source: { ...common, job: "redis", kind: "redis", ...data.redis, ...password } };
  if ("nginx" in data) return { name, source: { ...common, job: "nginx", kind: "nginx", ...data.nginx } };
  return { name, source: { ...common, job: "postgres", kind: "postgres", ...data.postgres, ...password } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
