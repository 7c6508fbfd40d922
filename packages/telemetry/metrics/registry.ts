import { hash } from "node:crypto";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import type { SampleBatch } from "../protocols/agent/samples.ts";

const dayMs = 86_400_000;
const mostKnown = 2_000_000;

interface KnownSeries {
  low: number;
  high: number;
  /** Days that its row is known to be stored for; two, since around midnight and in backfills two are usual. */
  day: number;
  otherDay: number;
}

export interface SampleSegments {
  samples: Uint8Array;
  /** Rows for the table of series; empty where all are known. */
  series: Uint8Array;
  /** Forgets what `series` holds: it did not become durable. */
  forget(): void;
}

export const seriesColumns = [
  { name: "day", type: "Date" },
  { name: "id", type: "UInt64" },
  { name: "name", type: "LowCardinality(String)" },
  { name: "labels", type: "Map(LowCardinality(String), String)" },
] as const;

export const sampleColumns = [
  { name: "series_id", type: "UInt64" },
  { name: "timestamp", type: "DateTime64(3, 'UTC')" },
  { name: "value", type: "Float64" },
] as const;

/** Gives series their ids and remembers which of them this process has stored already. */
export class SeriesRegistry {
  readonly #known = new Map<string, KnownSeries>();

  get size(): number {
    return this.#known.size;
  }

  /** RowBinary of the batch's samples, and of the series that may not be stored yet. */
  segments(batch: SampleBatch): SampleSegments {
    if (this.#known.size > mostKnown) this.#known.clear();
    const entries = batch.series.map((labels) => this.#entry(labels));
    const rows = new ByteWriter();
    const written: KnownSeries[] = [];
    const count = batch.indexes.length;
    const halves = new Uint32Array(count * 6);
    for (let at = 0; at < count; at++) {
      const index = batch.indexes[at] ?? 0;
      const entry = entries[index];
      if (!entry) continue;
      const time = batch.timestamps[at] ?? 0;
      const day = Math.floor(time / dayMs);
      if (day !== entry.day && day !== entry.otherDay) {
        entry.otherDay = entry.day;
        entry.day = day;
        written.push(entry);
        writeSeriesRow(rows, batch.series[index] ?? [], entry, day);
      }
      const row = at * 6;
      halves[row] = entry.low;
      halves[row + 1] = entry.high;
      halves[row + 2] = time >>> 0;
      halves[row + 3] = Math.floor(time / 2 ** 32);
      halves[row + 4] = batch.valueBits[at * 2] ?? 0;
      halves[row + 5] = batch.valueBits[at * 2 + 1] ?? 0;
    }
    return {
      samples: new Uint8Array(halves.buffer),
      series: rows.view(),
      forget() {
        for (const entry of written) entry.day = entry.otherDay = -1;
      },
    };
  }

  #entry(labels: readonly string[]): KnownSeries {
    const key = labels.join("\xff");
    const known = this.#known.get(key);
    if (known) return known;
    // 64 bits of SHA-1: two of a billion series share an id with a chance of one in 37.
    const digest = hash("sha1", key, "buffer");
    const entry = { low: digest.readUInt32LE(0), high: digest.readUInt32LE(4), day: -1, otherDay: -1 };
    this.#known.set(key, entry);
    return entry;
  }
}

function writeSeriesRow(
  rows: ByteWriter,
  labels: readonly string[],
  { low, high }: KnownSeries,
  day: number,
): void {
  const nameAt = labels.indexOf("__name__");
  rows.uint16(day);
  rows.uint32(low);
  rows.uint32(high);
  rows.string(labels[nameAt + 1] ?? "");
  rows.varint(labels.length / 2 - 1);
  for (let at = 0; at < labels.length; at += 2) {
    if (at === nameAt) continue;
    rows.string(labels[at] ?? "");
    rows.string(labels[at + 1] ?? "");
  }
}
