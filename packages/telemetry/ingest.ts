import { hash } from "node:crypto";
import type { LogRecord } from "@havn/model";
import type { SeriesRegistry } from "./metrics/registry.ts";
import { decodeLogs, readLogRecords } from "./protocols/agent/logs.ts";
import { decodeSamples } from "./protocols/agent/samples.ts";
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
  lines: number;
}

const rememberedBatches = 50_000;

export interface Ingest {
  readonly stats: IngestStats;
  ingest(kind: "samples" | "logs", batch: string, from: Source, bytes: Uint8Array): Promise<void>;
  onLogs(listener: (records: LogRecord[]) => void): () => void;
}

/** Takes agents' batches into the spool. Batches that this process has seen count once. */
export function createIngest(options: {
  spool: Spool;
  registry: SeriesRegistry;
  spooled: () => void;
}): Ingest {
  const { spool, registry } = options;
  const stats = { batches: 0, repeatedBatches: 0, refusedBatches: 0, samples: 0, lines: 0 };
  const seen = new Map<string, Promise<void>>();
  const listeners = new Set<(records: LogRecord[]) => void>();

  async function storeSamples(from: Source, bytes: Uint8Array): Promise<void> {
    const batch = decodeSamples(bytes, { env: from.environment, host: from.host });
    const segments = registry.segments(batch);
    try {
      await spool.append([
        { table: "series", rows: segments.series, isNew: true },
        { table: "samples", rows: segments.samples, isNew: true },
      ]);
    } catch (error) {
      segments.forget();
      throw error;
    }
    stats.samples += batch.indexes.length;
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
    stats,
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
    onLogs(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
