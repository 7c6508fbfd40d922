import { ByteWriter } from "../protocols/agent/bytes.ts";
import { hourMs, hourOf } from "./tiers.ts";

const halvesOfRow = 6;

export const lateColumns = [
  { name: "hour", type: "DateTime('UTC')" },
  { name: "series_id", type: "UInt64" },
] as const;

/** What came late: after its hour was rolled up. */
export class Late {
  /** Up to here hours are rolled up, or are about to be. Milliseconds since the epoch. */
  until = Number.NEGATIVE_INFINITY;
  /** Hours, by their ends, whose buckets do not hold all samples yet. */
  readonly hours = new Set<number>();

  /** Of rows of the table `samples`: rows of the table `late`. */
  marksOf(bytes: Uint8Array): Uint8Array {
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const halves = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
    const ids = new BigUint64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 3);
    const marked = new Map<number, Set<bigint>>();
    for (let row = 0; row + halvesOfRow <= halves.length; row += halvesOfRow) {
      const time = ((halves[row + 3] ?? 0) | 0) * 2 ** 32 + (halves[row + 2] ?? 0);
      if (time > this.until) continue;
      const hour = hourOf(time);
      const series = marked.get(hour);
      const id = ids[row / 2] ?? 0n;
      if (series) series.add(id);
      else marked.set(hour, new Set([id]));
    }
    return this.#write(marked);
  }

  /** Of series that lost samples in the hours that [start, end] touches. */
  marksFor(ids: readonly bigint[], { start, end }: { start: number; end: number }): Uint8Array {
    const marked = new Map<number, Set<bigint>>();
    for (let hour = hourOf(start); hour <= Math.min(hourOf(end), this.until); hour += hourMs)
      marked.set(hour, new Set(ids));
    return this.#write(marked);
  }

  #write(marked: ReadonlyMap<number, ReadonlySet<bigint>>): Uint8Array {
    const rows = new ByteWriter();
    for (const [hour, ids] of marked) {
      this.hours.add(hour);
      for (const id of ids) {
        rows.uint32(hour / 1000);
        rows.uint64(id);
      }
    }
    return rows.view();
  }
}
