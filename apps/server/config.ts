import { homedir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { findDuration, HavnError } from "@havn/model";
import { z } from "zod";

const port = z.coerce.number().int().min(1).max(65_534);

const environmentSchema = z.object({
  HAVN_DATA: z
    .string()
    .min(1)
    .default(join(homedir(), ".local", "share", "havn")),
  HAVN_PORT: port.default(4600).describe("web and API, on 127.0.0.1"),
  HAVN_AGENT_PORT: port.optional().describe("agents dial in here; HAVN_PORT + 1 unless given"),
  HAVN_OTLP_GRPC_PORT: port
    .optional()
    .describe("OpenTelemetry over gRPC comes in here, at HAVN_LISTEN; 4317 is usual. Unset: nowhere"),
  HAVN_LISTEN: z.string().min(1).default("127.0.0.1").describe("address of the web and API"),
  HAVN_HOSTNAMES: z
    .string()
    .default("")
    .describe(
      "names under which people open the page, parted by commas; IP addresses and localhost always work",
    ),
  HAVN_NSCA_PORT: port.optional().describe("send_nsca sends here; nowhere unless given"),
  HAVN_NSCA_METHOD: z
    .enum(["aes", "3des", "xor", "none"])
    .default("aes")
    .describe('as send_nsca\'s encryption_method; "xor" and "none" hide nothing'),
  HAVN_NSCA_PASSWORD: z.string().default(""),
  HAVN_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("where people reach the page from outside, for links in pages: https://havn.example.org"),
  HAVN_NOTIFIER_COMMANDS: z
    .string()
    .default("")
    .describe("programs that a notifier may name, whole paths parted by commas; none: none"),
  HAVN_WITNESS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "an outside address that is pinged (POST) while pages can be sent: http://witness:4700/ping/NAME/TOKEN",
    ),
  HAVN_QUERY_TIMEOUT: z
    .string()
    .default("2m")
    .transform((text) => findDuration(text) ?? 0)
    .refine((milliseconds) => milliseconds > 0, "is no duration: write for example 30s or 2m")
    .describe("a question of metrics may take so long, waiting for its turn included"),
  HAVN_QUERY_CONCURRENCY: z.coerce.number().int().min(1).default(8).describe("so many are answered at once"),
  HAVN_QUERY_MAX_SERIES: z.coerce.number().int().min(1).default(100_000).describe("a selector may match"),
  HAVN_QUERY_MAX_SAMPLES: z.coerce
    .number()
    .int()
    .min(1)
    .default(50_000_000)
    .describe("a question may read and make"),
  HAVN_QUERY_MAX_MEMORY_MB: z.coerce.number().int().min(1).default(1024).describe("a question may hold"),
  HAVN_METRICS_CACHE_MB: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe(
      "samples that were asked for stay in memory; a 24th of the computer's unless given, 128 to 1024",
    ),
  HAVN_POSTGRES_URL: z.string().min(1).optional().describe("instead of the embedded PostgreSQL"),
  HAVN_CLICKHOUSE_URL: z.url().optional().describe("instead of the embedded ClickHouse"),
  HAVN_CLICKHOUSE_CLUSTER: z
    .string()
    .min(1)
    .optional()
    .describe("the cluster of that server over which tables are spread, as its remote_servers name it"),
});

export interface ServerConfig {
  dataDirectory: string;
  port: number;
  agentPort: number;
  listen: string;
  /** Undefined: OTLP over gRPC is not taken. */
  otlpGrpcPort: number | undefined;
  hostnames: string[];
  /** Undefined: nobody listens. */
  nsca:
    | { port: number; listen: string; method: "aes" | "3des" | "xor" | "none"; password: string }
    | undefined;
  /** Without a slash at the end. */
  publicUrl: string;
  notifierCommands: string[];
  queries: {
    timeoutMs: number;
    maxConcurrent: number;
    maxSeries: number;
    maxSamples: number;
    maxBytes: number;
    cacheBytes: number;
  };
  witnessUrl: string | undefined;
  postgres: { dataDirectory: string } | { url: string };
  clickhouse: { dataDirectory: string } | { url: string; cluster: string | undefined };
}

/** Reads the variables above; unset ones take their defaults. Throws a HavnError that names the wrong one. */
export function parseServerConfig(environment: NodeJS.ProcessEnv): ServerConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new HavnError(`${String(issue?.path[0])} cannot be used`, {
      detail: `${issue?.message}. Correct it and start again.`,
    });
  }
  const { HAVN_DATA, HAVN_PORT, HAVN_AGENT_PORT, HAVN_POSTGRES_URL, HAVN_CLICKHOUSE_URL } = parsed.data;
  const { HAVN_LISTEN, HAVN_HOSTNAMES } = parsed.data;
  const { HAVN_NSCA_PORT, HAVN_NSCA_METHOD, HAVN_NSCA_PASSWORD } = parsed.data;
  if (HAVN_NSCA_PORT !== undefined && HAVN_NSCA_METHOD !== "none" && HAVN_NSCA_PASSWORD === "")
    throw new HavnError("HAVN_NSCA_PASSWORD is missing", {
      detail: `The method ${HAVN_NSCA_METHOD} needs the password that senders have. Set it and start again.`,
    });
  if (parsed.data.HAVN_CLICKHOUSE_CLUSTER !== undefined && HAVN_CLICKHOUSE_URL === undefined)
    throw new HavnError("HAVN_CLICKHOUSE_CLUSTER says nothing without HAVN_CLICKHOUSE_URL", {
      detail:
        "The embedded ClickHouse is one server. Set the address of a server of the cluster and start again.",
    });
  const { HAVN_PUBLIC_URL } = parsed.data;
  const hostnames = HAVN_HOSTNAMES.split(",").flatMap((name) => name.trim() || []);
  const dataDirectory = resolve(HAVN_DATA);
  return {
    dataDirectory,
    port: HAVN_PORT,
    agentPort: HAVN_AGENT_PORT ?? HAVN_PORT + 1,
    listen: HAVN_LISTEN,
    otlpGrpcPort: parsed.data.HAVN_OTLP_GRPC_PORT,
    nsca:
      HAVN_NSCA_PORT === undefined
        ? undefined
        : {
            ...{ port: HAVN_NSCA_PORT, listen: HAVN_LISTEN },
            ...{ method: HAVN_NSCA_METHOD, password: HAVN_NSCA_PASSWORD },
          },
    publicUrl: (HAVN_PUBLIC_URL ?? `http://${hostnames[0] ?? "127.0.0.1"}:${HAVN_PORT}`).replace(/\/+$/, ""),
    witnessUrl: parsed.data.HAVN_WITNESS_URL,
    notifierCommands: parsed.data.HAVN_NOTIFIER_COMMANDS.split(",").flatMap((path) => path.trim() || []),
    hostnames: HAVN_PUBLIC_URL ? [...new Set([...hostnames, new URL(HAVN_PUBLIC_URL).hostname])] : hostnames,
    queries: {
      timeoutMs: parsed.data.HAVN_QUERY_TIMEOUT,
      maxConcurrent: parsed.data.HAVN_QUERY_CONCURRENCY,
      maxSeries: parsed.data.HAVN_QUERY_MAX_SERIES,
      maxSamples: parsed.data.HAVN_QUERY_MAX_SAMPLES,
      maxBytes: parsed.data.HAVN_QUERY_MAX_MEMORY_MB * 2 ** 20,
      cacheBytes: (parsed.data.HAVN_METRICS_CACHE_MB ?? usualCacheMiB()) * 2 ** 20,
    },
    postgres: HAVN_POSTGRES_URL
      ? { url: HAVN_POSTGRES_URL }
      : { dataDirectory: join(dataDirectory, "postgres") },
    clickhouse: HAVN_CLICKHOUSE_URL
      ? { url: HAVN_CLICKHOUSE_URL, cluster: parsed.data.HAVN_CLICKHOUSE_CLUSTER }
      : { dataDirectory: join(dataDirectory, "clickhouse") },
  };
}

const usualCacheMiB = () => Math.round(Math.min(1024, Math.max(128, totalmem() / 2 ** 20 / 24)));
