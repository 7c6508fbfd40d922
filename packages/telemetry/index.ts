import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { type ClickHouse, migrate } from "@havn/clickhouse";
import type { GrpcMethod, Live, Route } from "@havn/http";
import { type Clock, HavnError, type LogRecord, systemClock } from "@havn/model";
import type { Querier } from "@havn/promql/querier";
import { adminRoutes } from "./admin/routes.ts";
import { createAsked, noting } from "./asked/asked.ts";
import { unusedRoute } from "./asked/unused.ts";
import { createIngest, type Ingest, type IngestStats } from "./ingest.ts";
import { parseLogLine } from "./logs/parse-line.ts";
import { countLogs, type LogQuery, type LogSpans, searchLogs } from "./logs/search.ts";
import type { NativeHistogram } from "./metrics/histogram.ts";
import { Newcomers, type RefusedSeries } from "./metrics/newcomers.ts";
import { createQuerier, type QuerierLimits } from "./metrics/querier.ts";
import { SeriesRegistry } from "./metrics/registry.ts";
import { SampleCache } from "./metrics/sample-cache.ts";
import { StartedSeries } from "./metrics/starts.ts";
import { StoredSeries } from "./metrics/stored-series.ts";
import { createFacts } from "./prometheus/facts.ts";
import { prometheusRoutes } from "./prometheus/routes.ts";
import { LogBuffer } from "./protocols/agent/logs.ts";
import { grpcMethods } from "./receive/grpc.ts";
import type { RefusedSamples } from "./receive/refusals.ts";
import { receiveRoutes } from "./receive/routes.ts";
import { remoteReadRoutes } from "./remote-read/routes.ts";
import { everyKeep, longest } from "./rollups/keeps.ts";
import { withBuckets } from "./rollups/read.ts";
import { createRollups, type Rollups } from "./rollups/rollups.ts";
import { dayMs } from "./rollups/tiers.ts";
import { serveLiveLogs, telemetryRoutes } from "./routes.ts";
import type { JobTargets } from "./scrape/scraping.ts";
import { sampleSink } from "./scrape/writer.ts";
import { type InserterStats, startInserter } from "./spool/inserter.ts";
import { openSpool } from "./spool/spool.ts";

export type { LogQuery } from "./logs/search.ts";
export { createRetention, type RetentionRoom } from "./rollups/declared/retention.ts";
export { createScraping, type Scraping, type ScrapingOptions } from "./scrape/scraping.ts";

export interface TelemetryOptions {
  clickhouse: ClickHouse;
  /** A folder of its own on a local disk. */
  spoolDirectory: string;
  clock?: Clock;
  /** Days that samples, what they were by five minutes and by hours, and log lines are kept. */
  retention?: {
    samplesDays?: number;
    fiveMinutesDays?: number;
    hoursDays?: number;
    logsDays?: number;
  };
  /** Bytes that may wait for ClickHouse before batches are refused (retryable). */
  largestSpoolBytes?: number;
  /** Bytes of samples that may be kept in memory for those who ask again. */
  largestCacheBytes?: number;
  limits?: QuerierLimits;
  /** Series that one target may bring within a minute that were not there before. */
  newSeriesAMinute?: number;
  /** What the control plane scrapes itself, for who asks in Prometheus' form. */
  scraped?: () => readonly JobTargets[];
  /** Texts of rules, dashboards and runbooks: metrics that stand in one count as used. */
  mentions?: () => Promise<readonly string[]>;
  /** Told once of each trouble and its end. */
  log?: (message: string) => void;
}

export interface LogFilter {
  environment: string;
  service?: string | undefined;
  host?: string | undefined;
  instance?: string | undefined;
}

export type TelemetryStats = IngestStats &
  InserterStats & {
    /** Bytes on disk that ClickHouse has not taken yet. */
    spoolBytes: number;
    knownSeries: number;
  };

export interface OwnSample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface OwnLine {
  /** What told it: `check web`. */
  instance: string;
  line: string;
  severity: LogRecord["severity"];
}

export interface TimedSample {
  /** With `__name__`. */
  labels: Readonly<Record<string, string>>;
  time: number;
  /** `"stale"` ends the series. */
  value: number | NativeHistogram | "stale";
  /** Since when it counts, in milliseconds, where that is known. */
  start?: number | undefined;
}

export interface Telemetry extends AsyncDisposable {
  /**
   * Stores an agent's batch; resolves when it is on disk. `host` is the host's name or its resource address. A batch
   * that comes twice counts once. Throws a HavnError 400 for malformed bytes, a retryable one when it cannot store.
   */
  readonly ingest: Ingest["ingest"];
  /** Samples of the control plane itself, as of now; resolves when they are on disk. */
  record(samples: readonly OwnSample[]): Promise<void>;
  /** Samples at times of their own, of one environment; resolves when they are on disk. Times in milliseconds. */
  write(environment: string, samples: readonly TimedSample[]): Promise<void>;
  /** Lines that the control plane itself has to tell of an environment, as of now; resolves when they are on disk. */
  writeLines(environment: string, lines: readonly OwnLine[]): Promise<void>;
  /** Where the control plane's own scrapes put what they read. */
  readonly sinks: Pick<Ingest, "sink" | "store">;
  readonly querier: Querier;
  readonly logs: {
    search(query: LogQuery, signal?: AbortSignal): Promise<LogRecord[]>;
    /** Lines in each of `count` spans of `step` milliseconds after `start`, by service and host. */
    count(
      lines: Omit<LogQuery, "since" | "until" | "limit">,
      spans: LogSpans,
      signal: AbortSignal,
    ): Promise<{ labels: Record<string, string>; counts: Float64Array }[]>;
    /** Lines of the filter from now on, as they arrive. Returns what ends it. */
    follow(filter: LogFilter, listener: (records: LogRecord[]) => void): () => void;
  };
  /** All lines as they arrive, a batch at a time. Returns what ends it. */
  readonly onLogs: Ingest["onLogs"];
  /** Makes everything that was acknowledged before visible to queries. */
  flush(): Promise<void>;
  readonly routes: Route[];
  /** Writes down which metrics were asked for: to be called every minute or so. */
  saveAsked(): Promise<void>;
  /** What outlives samples, and how long anything is kept: `pass` is to be called every minute or so. */
  readonly rollups: Pick<Rollups, "pass" | "setRules" | "rolled" | "retention">;
  /** OTLP over gRPC. */
  readonly grpcMethods: GrpcMethod[];
  /** Serves the live topics `logs:ENVIRONMENT` and `logs:ENVIRONMENT:SERVICE`. */
  serveLive(live: Live): void;
  stats(): TelemetryStats;
  /** Targets that brought more new series than they may. */
  refusedSeries(): RefusedSeries[];
  /** What senders sent and was not taken, by reason. */
  refusedSamples(): RefusedSamples[];
}

/** Opens the store of metrics and logs: its tables, its spool, and what an earlier process left there. */
export async function createTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { clickhouse, clock = systemClock, log = () => undefined } = options;
  await migrate(clickhouse, "telemetry", new URL("./migrations/", import.meta.url));
  await setRetention(clickhouse, options.retention ?? {});
  const spool = await openSpool(resolve(options.spoolDirectory), {
    largestBytes: options.largestSpoolBytes ?? 8 * 1024 ** 3,
  });
  const cache = new SampleCache(options.largestCacheBytes ?? 128 * 1024 ** 2);
  const registry = new SeriesRegistry();
  const { samplesDays = 30, fiveMinutesDays = 90, hoursDays = 730 } = options.retention ?? {};
  const rollups = await createRollups({
    ...{ clickhouse, clock },
    otherwise: { raw: samplesDays * dayMs, "5m": fiveMinutesDays * dayMs, "1h": hoursDays * dayMs },
    append: spool.append,
    flush: () => inserter.flush(),
    expired({ series }) {
      cache.wrote();
      if (series) registry.forgetStored();
    },
  });
  const storedSeries = new StoredSeries();
  const startedSeries = new StartedSeries(clickhouse);
  const inserter = startInserter({
    ...{ clickhouse, spool, clock, log, cache, storedSeries, startedSeries },
    late: rollups.late,
  });
  const newcomers = new Newcomers({ most: options.newSeriesAMinute ?? 300_000, clock });
  const ingest = createIngest({
    ...{ spool, registry, clock, newcomers, startedSeries, spooled: inserter.notice },
    longestKeep: () => longest(everyKeep(rollups.retention())).raw,
  });
  const { onLogs, stats } = ingest;
  const kept = await anyHistograms(clickhouse);
  const hasHistograms = () => kept || stats.histograms > 0;
  const logs: Telemetry["logs"] = {
    search: (query, signal) => searchLogs(clickhouse, query, signal),
    count: (lines, spans, signal) => countLogs(clickhouse, { lines, spans }, signal),
    follow: (filter, listener) => onLogs((records) => follow(filter, records, listener)),
  };
  const stored = createQuerier(clickhouse, {
    hasHistograms,
    ...{ storedSeries, startedSeries },
    limits: options.limits,
    cache,
  });
  const asked = createAsked({ clickhouse, clock });
  const querier = noting(withBuckets(clickhouse, stored, { rollups, hasHistograms, now: clock.now }), asked);
  const facts = createFacts(clickhouse, {
    samplesDays,
    runtime: () => ({ timeSeriesCount: registry.size, spoolBytes: spool.waitingBytes() }),
  });
  return {
    ...{ ingest: ingest.ingest, onLogs, logs },
    querier,
    async record(samples) {
      const sink = ingest.sink({});
      for (const { name, labels, value } of samples) {
        const reference = sink.reference(["__name__", name, ...Object.entries(labels).flat()]);
        if (reference >= 0) sink.value(reference, clock.now(), value);
      }
      await ingest.store(sink);
    },
    async writeLines(environment, lines) {
      const buffer = new LogBuffer();
      const now = BigInt(clock.now()) * 1_000_000n;
      // A nanosecond apart, so that they keep their order.
      for (const [at, { instance, line, severity }] of lines.entries())
        buffer.add({ ...parseLogLine(line, severity), instance, service: "", time: `${now + BigInt(at)}` });
      if (buffer.size > 0)
        await ingest.ingest("logs", randomUUID(), { environment, host: "" }, buffer.encode());
    },
    async write(environment, samples) {
      const sink = ingest.sink({ env: environment });
      const into = sampleSink(sink);
      for (const { labels, time, value, start } of samples)
        if (value === "stale") into.addStale(labels, time);
        else if (typeof value === "number") into.add(labels, time, value, start);
        else into.histogram?.(labels, time, value, start);
      await ingest.store(sink);
    },
    sinks: ingest,
    routes: [
      ...telemetryRoutes(logs),
      ...receiveRoutes(ingest),
      ...remoteReadRoutes({ querier, hasHistograms }),
      ...adminRoutes({
        ...{ clickhouse, clock, flush: inserter.flush },
        forgotten: () => registry.forgetStored(),
        deleted: () => cache.wrote(),
        dropBuckets: rollups.drop,
      }),
      unusedRoute({ clickhouse, clock, asked, mentions: options.mentions ?? (async () => []) }),
      ...prometheusRoutes({ facts, querier, clock, scraped: options.scraped }),
    ],
    grpcMethods: grpcMethods(ingest),
    rollups,
    saveAsked: asked.save,
    serveLive: (live) => serveLiveLogs(live, logs),
    flush: inserter.flush,
    refusedSeries: () => newcomers.refused(),
    refusedSamples: () => ingest.refusals.list(),
    stats: () => ({
      ...stats,
      ...inserter.stats,
      spoolBytes: spool.waitingBytes(),
      knownSeries: registry.size,
    }),
    async [Symbol.asyncDispose]() {
      await rollups[Symbol.asyncDispose]();
      await asked.save().catch(() => undefined); // an hour's questions are no reason not to end
      await inserter[Symbol.asyncDispose]();
      await spool[Symbol.asyncDispose]();
    },
  };
}

function follow(filter: LogFilter, records: LogRecord[], listener: (records: LogRecord[]) => void): void {
  const wanted = records.filter((record) =>
    (["environment", "service", "host", "instance"] as const).every((name) => {
      return filter[name] === undefined || filter[name] === record[name];
    }),
  );
  if (wanted.length > 0) listener(wanted);
}

async function anyHistograms(clickhouse: ClickHouse): Promise<boolean> {
  const found = await clickhouse.rows("SELECT 1 FROM histograms LIMIT 1");
  return found.length > 0;
}

async function setRetention(
  clickhouse: ClickHouse,
  { samplesDays = 30, logsDays = 14 }: { samplesDays?: number; logsDays?: number },
): Promise<void> {
  const logsTtl = `toDate(Timestamp) + toIntervalDay(${logsDays})`;
  for (const days of [samplesDays, logsDays])
    if (!Number.isInteger(days) || days < 1)
      throw new HavnError(`A retention of ${days} days is not possible`, {
        detail: "Give whole days, at least 1.",
      });
  const tables = await clickhouse.rows<{ name: string; engine: string }>(
    "SELECT name, engine_full AS engine FROM system.tables WHERE database = currentDatabase()",
  );
  for (const { name, engine } of tables)
    if (name === "logs" && !engine.includes(`TTL ${logsTtl}`))
      await clickhouse.execute(`ALTER TABLE logs MODIFY TTL ${logsTtl}`);
    // Samples go when what they were is rolled up (rollups/expire.ts), which a time alone does not know.
    else if (["samples", "histograms", "exemplars", "series"].includes(name) && engine.includes(" TTL "))
      await clickhouse.execute(`ALTER TABLE ${name} REMOVE TTL`);
}
