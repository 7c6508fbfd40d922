import type { Labels } from "@havn/model";
import { ByteReader } from "../protocols/agent/bytes.ts";

/** A row of the table `series`: a series has one for each day it has samples on (days since 1970). */
export interface SeriesRow {
  day: number;
  id: bigint;
  labels: Labels;
}

/** A write with more bytes is not looked into: whoever remembers series forgets them all. */
const mostBytes = 1024 * 1024;
const mostKept = 20_000;

/** What was stored in the table `series` lately, in order, for whoever remembers what it found there. */
export class StoredSeries {
  #written = 0;
  #kept = 0;
  /** Of the last writes, the newest last; undefined where it is not known what they stored. */
  #writes: (readonly SeriesRow[] | undefined)[] = [];

  /** The number of the last write. */
  get written(): number {
    return this.#written;
  }

  /** Whether a write of so many bytes is worth reading for `wrote`. */
  wants(bytes: number): boolean {
    return bytes <= mostBytes;
  }

  /** After the rows can be found: their bytes in RowBinary, or nothing where they are not known. */
  wrote(segments?: readonly Uint8Array[]): void {
    const rows = segments?.flatMap((bytes) => decodeRows(bytes));
    this.#written++;
    this.#writes.push(rows);
    this.#kept += 1 + (rows?.length ?? 0);
    while (this.#kept > mostKept) this.#kept -= 1 + (this.#writes.shift()?.length ?? 0);
  }

  /** What was stored after a write; undefined where that is not known any more. */
  since(write: number): SeriesRow[] | undefined {
    const count = this.#written - write;
    if (count > this.#writes.length) return undefined;
    const rows: SeriesRow[] = [];
    for (const own of count === 0 ? [] : this.#writes.slice(-count)) {
      if (!own) return undefined;
      rows.push(...own);
    }
    return rows;
  }
}

function decodeRows(bytes: Uint8Array): SeriesRow[] {
  const reader = new ByteReader(bytes);
  const rows: SeriesRow[] = [];
  while (!reader.done) {
    const day = reader.byte() + reader.byte() * 256;
    const id = reader.uint64();
    const labels: Record<string, string> = { __name__: reader.string() };
    for (let left = reader.varint(); left > 0; left--) labels[reader.string()] = reader.string();
    rows.push({ day, id, labels });
  }
  return rows;
}
