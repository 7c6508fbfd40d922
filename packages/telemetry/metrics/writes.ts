import type { Range } from "./reading.ts";
import type { Columns } from "./sample-columns.ts";

export const halvesOfRow = 6;

/** Rows as they were written: id, milliseconds and value, two halves each. */
export interface Write {
  number: number;
  halves: Uint32Array;
  range: Range;
}

/** With rows of time and value's halves that were written later, in the order in which they were. */
export function withRows({ timestamps, values }: Columns, rows: readonly number[]): Columns {
  const count = timestamps.length + rows.length / 3;
  const all: Columns = { timestamps: new Float64Array(count), values: new Float64Array(count) };
  all.timestamps.set(timestamps);
  all.values.set(values);
  const halves = new Uint32Array(all.values.buffer);
  let ascending = true;
  for (let row = 0, at = timestamps.length; row < rows.length; row += 3, at++) {
    all.timestamps[at] = rows[row] ?? 0;
    halves[at * 2] = rows[row + 1] ?? 0;
    halves[at * 2 + 1] = rows[row + 2] ?? 0;
    if (at > 0 && !((all.timestamps[at] ?? 0) > (all.timestamps[at - 1] ?? 0))) ascending = false;
  }
  return ascending ? all : lastWritten(all);
}

/** In order of time; of equal times the one that comes last. */
function lastWritten({ timestamps, values }: Columns): Columns {
  const order = Uint32Array.from(timestamps.keys()).sort(
    (a, b) => (timestamps[a] ?? 0) - (timestamps[b] ?? 0) || a - b,
  );
  const kept = order.filter((at, i) => timestamps[at] !== timestamps[order[i + 1] ?? -1]);
  // As bits: as numbers, staleness markers could lose what tells them from other NaNs.
  const from = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  const into = new BigUint64Array(kept.length);
  for (let i = 0; i < kept.length; i++) into[i] = from[kept[i] ?? 0] ?? 0n;
  return {
    timestamps: Float64Array.from(kept, (at) => timestamps[at] ?? 0),
    values: new Float64Array(into.buffer),
  };
}

export function rangeOf(halves: Uint32Array): Range {
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < halves.length; row += halvesOfRow) {
    const time = timeOf(halves, row);
    if (time < start) start = time;
    if (time > end) end = time;
  }
  return { start, end };
}

export const timeOf = (halves: Uint32Array, row: number): number =>
  ((halves[row + 3] ?? 0) | 0) * 2 ** 32 + (halves[row + 2] ?? 0);
