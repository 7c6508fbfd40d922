import { hash } from "node:crypto";
import type { Clock, LogRecord } from "@havn/model";
import type { MetricBatch } from "./metrics/batch.ts";
import type { Stamp } from "./metrics/labels.ts";
import { MetadataBook } from "./metrics/metadata.ts";
import type { Newcomers } from "./metrics/newcomers.ts";
import type { SeriesRegistry } from "./metrics/registry.ts";
import { Sink } from "./metrics/sink.ts";
import type { StartedSeries } from "./metrics/starts.ts";
import { decodeLogs, readLogRecords } from "./protocols/agent/logs.ts";
import { decodeSamples } from "./protocols/agent/samples.ts";
import { Refusals } from "./receive/refusals.ts";
import type { Spool } from "./spool/spool.ts";

export interface Source {
  environment: string;
  /** The host's name, or its resource address. */
  host: string;
}

export interface IngestStats {
  batches: number;
  repeatedBatches: number;
  refusedBatches: number;
  samples: number;
  histograms: number;
  exemplars: number;
  lines: number;
}

const rememberedBatches = 50_000;
const dayMs = 86_400_000;

export interface Ingest {
  readonly stats: IngestStats;
  ingest(kind: "samples" | "logs", batch: string, from: Source, bytes: Uint8Array): Promise<void>;
  /** For senders that know no batches. To be filled at once: nothing may be awaited before `store`. */
  sink(stamp: Stamp): Sink;
  /** Resolves when what is in the sink is on disk. */
  store(sink: Sink): Promise<void>;
  onLogs(listener: (records: LogRecord[]) => void): () => void;
  /** What was not taken of what senders sent. */
  readonly refusals: Refusals;
}

/** Takes agents' batches into the spool. Batches that this process has seen count once. */
export function createIngest(options: {
  spool: Spool;
  registry: SeriesRegistry;
  spooled: () => void;
  clock: Clock;
  /** How long samples are kept at most, in milliseconds: older ones are refused. */
  longestKeep: () => number;
  newcomers: Newcomers;
  startedSeries: Pick<StartedSeries, "note">;
}): Ingest {
  const { spool, registry, clock } = options;
  const stats = {
    ...{ batches: 0, repeatedBatches: 0, refusedBatches: 0 },
    ...{ samples: 0, histograms: 0, exemplars: 0, lines: 0 },
  };
  const metadata = new MetadataBook();
  const refusals = new Refusals(clock);
  const seen = new Map<string, Promise<void>>();
  const listeners = new Set<(records: LogRecord[]) => void>();

  async function storeSamples(from: Source, bytes: Uint8Array): Promise<void> {
    const batch = decodeSamples(bytes, { env: from.environment, host: from.host });
    await storeMetrics(registry.segments(batch, (labels) => options.newcomers.admit(labels)));
  }

  async function storeMetrics(batch: MetricBatch): Promise<void> {
    // Before they can be found: whoever asks meanwhile asks for them in vain.
    for (const id of batch.startedSeries()) options.startedSeries.note(id);
    const news = metadata.news(batch.metadata, clock.now());
    try {
      await spool.append([...batch.segments(), ...news.segments]);
    } catch (error) {
      batch.forget();
      throw error;
    } finally {
      batch.release();
    }
    news.remember();
    stats.samples += batch.samples;
    stats.histograms += batch.histograms;
    stats.exemplars += batch.exemplars;
  }

  async function storeLogs(batch: string, from: Source, bytes: Uint8Array): Promise<void> {
    const batchHash = hash("sha1", `${from.environment}\0${from.host}\0${batch}`, "buffer").readBigUInt64LE(
      0,
    );
    const decoded = decodeLogs(bytes, { batchHash, ...from });
    const { rows, segment } = decoded;
    if (rows === 0) return;
    await spool.append([{ table: "logs", rows: segment, isNew: !decoded.resent }]);
    stats.lines += rows;
    if (listeners.size === 0) return;
    const records = readLogRecords(bytes, from);
    for (const listener of listeners) listener(records);
  }

  return {
    ...{ stats, refusals },
    ingest(kind, batch, { environment, host }, bytes) {
      const from = { environment, host: host.slice(host.lastIndexOf("/") + 1) };
      const key = `${kind}\0${environment}\0${from.host}\0${batch}`;
      const known = seen.get(key);
      if (known) {
        stats.repeatedBatches++;
        return known;
      }
      const stored = kind === "samples" ? storeSamples(from, bytes) : storeLogs(batch, from, bytes);
      const [oldest] = seen.keys();
      if (seen.size >= rememberedBatches && oldest !== undefined) seen.delete(oldest);
      const noted = stored.then(
        () => {
          stats.batches++;
          options.spooled();
        },
        (error) => {
          seen.delete(key);
          stats.refusedBatches++;
          throw error;
        },
      );
      seen.set(key, noted);
      return noted;
    },
    sink: (stamp) => {
      const now = clock.now();
      const oldest = now - options.longestKeep();
      const { newcomers } = options;
      return new Sink({ registry, stamp, oldest, latest: now + dayMs, newcomers });
    },
    async store({ batch, stamp }) {
      // Too many new series are told by their targets: see newcomers.ts.
      for (const [reason, { count }] of batch.refused)
        if (reason !== options.newcomers.reason) refusals.note(stamp.env ?? "", reason, Math.max(1, count));
      if (batch.samples + batch.histograms + batch.exemplars + batch.metadata.length === 0) return;
      await storeMetrics(batch);
      stats.batches++;
      options.spooled();
    },
    onLogs(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
