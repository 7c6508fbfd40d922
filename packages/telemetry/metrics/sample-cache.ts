import type { Columns } from "./sample-columns.ts";

export const slotMs = 1_800_000;
/** Rows of writes that wait to be put beside what is kept: what is asked next takes some 30 ms longer at most. */
const mostWaiting = 250_000;
/** Writes without a question in between, about one a second, after which nothing is kept any more. */
const mostUnasked = 600;
const halvesOfRow = 6;
const bytesOfEntry = 200;

export interface Range {
  start: number;
  end: number;
}

/** Columns of times are equal for series of one target: they are kept once and known by a number. */
interface Times {
  number: number;
  at: Float64Array;
}

interface Entry {
  times: Times;
  values: Float64Array;
}

/** Rows as they were written: id, milliseconds and value, two halves each. */
interface Write {
  number: number;
  halves: Uint32Array;
  range: Range;
}

class Slot {
  readonly entries = new Map<bigint, Entry>();
  /** The last write that is in it for certain. */
  asOf: number;
  used = 0;
  bytes = 0;

  constructor(asOf: number) {
    this.asOf = asOf;
  }
}

/**
 * Samples that were asked for, in memory, by half hours: of a series and half hour all that is stored, or nothing. It
 * follows what is written: writes wait until somebody asks, and are put in by the order in which they were made, so that
 * a read that saw some of them already ends at the same. What was asked longest ago goes first.
 */
export class SampleCache {
  readonly #most: number;
  readonly #slots = new Map<number, Slot>();
  #writes: Write[] = [];
  #waiting = 0;
  /** The last write that is not among those that wait. */
  #forgotten = 0;
  #written = 0;
  #unasked = 0;
  #asked = 0;
  #bytes = 0;
  #numbers = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts writes: asked before a read begins, which sees those at least. */
  get written(): number {
    return this.#written;
  }

  /** Whether it is worth telling what is written: otherwise `wrote()` without rows. */
  wants(bytes: number): boolean {
    return this.#unasked < mostUnasked && bytes <= mostWaiting * halvesOfRow * 4;
  }

  /** Rows of the table `samples` are stored now. Without rows, as after a deletion, nothing that is kept counts any more. */
  wrote(rows?: readonly Uint8Array[]): void {
    this.#written++;
    this.#unasked++;
    if (!rows || this.#unasked > mostUnasked) {
      this.clear();
      return;
    }
    for (const bytes of rows) {
      const halves = new Uint32Array(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
      );
      this.#writes.push({ number: this.#written, halves, range: rangeOf(halves) });
      this.#waiting += halves.length / halvesOfRow;
    }
    while (this.#waiting > mostWaiting) {
      const oldest = this.#writes.shift();
      if (!oldest) break;
      this.#waiting -= oldest.halves.length / halvesOfRow;
      this.#forgotten = oldest.number;
    }
  }

  /** Nothing of what was read before counts any more. */
  clear(): void {
    this.#slots.clear();
    this.#writes = [];
    this.#waiting = 0;
    this.#bytes = 0;
    this.#forgotten = this.#written;
  }

  /** Whether so many series over that time would leave room for others. */
  hasRoomFor(series: number, { start, end }: Range): boolean {
    const slots = Math.floor(end / slotMs) - Math.floor(start / slotMs) + 1;
    return series * slots * (bytesOfEntry + (slotMs / 15_000) * 8) <= this.#most / 2;
  }

  /** Of these series those that are not known for the whole range, by their places. */
  missing(ids: BigUint64Array, range: Range): number[] {
    this.#unasked = 0;
    this.#asked++;
    const slots = slotStarts(range).map((start) => this.#current(start));
    const missing: number[] = [];
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] ?? 0n;
      for (const slot of slots)
        if (!slot?.entries.has(id)) {
          missing.push(at);
          break;
        }
    }
    return missing;
  }

  /**
   * Keeps all samples that these series have in the slots of `range`, read after the write `asOf`. False where they
   * cannot be kept: too much was written since, or there is too much of them.
   */
  put(ids: BigUint64Array, columns: readonly (Columns | undefined)[], range: Range, asOf: number): boolean {
    if (asOf < this.#forgotten) return false;
    for (const start of slotStarts(range)) {
      let slot = this.#slots.get(start);
      if (!slot) {
        slot = new Slot(asOf);
        this.#slots.set(start, slot);
      }
      slot.asOf = Math.min(slot.asOf, asOf);
      slot.used = this.#asked;
      const bytes = this.#fill(slot, { start, ids, columns });
      slot.bytes += bytes;
      this.#bytes += bytes;
    }
    this.#shrink();
    if (this.#bytes <= this.#most) return true;
    for (const start of slotStarts(range)) this.#drop(start);
    return false;
  }

  /** Samples in the range of series that are all known. */
  read(ids: BigUint64Array, { start, end }: Range): (Columns | undefined)[] {
    const slots = slotStarts({ start, end }).flatMap((each) => this.#current(each) ?? []);
    const joined = new Map<string, Joined>();
    let only: Joined | undefined;
    return Array.from(ids, (id) => {
      const entries: Entry[] = [];
      for (const slot of slots) {
        const entry = slot.entries.get(id);
        if (entry && entry.values.length > 0) entries.push(entry);
      }
      const [first] = entries;
      if (!first) return undefined;
      if (!only || !isOf(only, entries)) {
        const key = entries.map(({ times }) => times.number).join();
        only = joined.get(key) ?? join(entries, { start, end });
        joined.set(key, only);
      }
      const { timestamps, parts } = only;
      if (timestamps.length === 0) return undefined;
      if (entries.length === 1) {
        const [{ from, to } = { from: 0, to: 0 }] = parts;
        return { timestamps, values: first.values.subarray(from, to) };
      }
      const values = new Float64Array(timestamps.length);
      let at = 0;
      for (const [index, { from, to }] of parts.entries()) {
        const own = entries[index]?.values.subarray(from, to);
        if (own) values.set(own, at);
        at += to - from;
      }
      return { timestamps, values };
    });
  }

  /** The slot with all that was written; undefined where that is not known any more. */
  #current(start: number): Slot | undefined {
    const slot = this.#slots.get(start);
    if (!slot) return undefined;
    if (slot.asOf < this.#forgotten) {
      this.#drop(start);
      return undefined;
    }
    slot.used = this.#asked;
    if (slot.asOf < this.#written) this.#catchUp(slot, { start, end: start + slotMs - 1 });
    return slot;
  }

  #catchUp(slot: Slot, range: Range): void {
    const added = new Map<bigint, number[]>();
    for (const { number, halves, range: own } of this.#writes) {
      if (number <= slot.asOf || own.end < range.start || own.start > range.end) continue;
      const ids = new BigUint64Array(halves.buffer);
      for (let row = 0; row < halves.length; row += halvesOfRow) {
        const time = timeOf(halves, row);
        if (time < range.start || time > range.end) continue;
        const id = ids[row / 2] ?? 0n;
        const rows = added.get(id);
        if (rows) rows.push(time, halves[row + 4] ?? 0, halves[row + 5] ?? 0);
        else if (slot.entries.has(id)) added.set(id, [time, halves[row + 4] ?? 0, halves[row + 5] ?? 0]);
      }
    }
    const share = this.#sharing();
    for (const [id, rows] of added) {
      const entry = slot.entries.get(id);
      if (!entry) continue;
      const { timestamps, values } = withRows({ timestamps: entry.times.at, values: entry.values }, rows);
      const grown = (values.length - entry.values.length) * 8;
      slot.bytes += grown;
      this.#bytes += grown;
      slot.entries.set(id, { times: share(timestamps), values });
    }
    slot.asOf = this.#written;
  }

  /** Bytes that it took more. */
  #fill(
    slot: Slot,
    {
      start,
      ids,
      columns,
    }: { start: number; ids: BigUint64Array; columns: readonly (Columns | undefined)[] },
  ): number {
    const share = this.#sharing();
    let bytes = 0;
    for (let at = 0; at < ids.length; at++) {
      const { timestamps, values } = columns[at] ?? nothing;
      const from = lowerBound(timestamps, start);
      const to = lowerBound(timestamps, start + slotMs);
      const id = ids[at] ?? 0n;
      const before = slot.entries.get(id);
      // Copied: a view would keep the whole block that it came in.
      slot.entries.set(id, { times: share(timestamps.slice(from, to)), values: values.slice(from, to) });
      bytes += (to - from) * 8 + bytesOfEntry - (before ? before.values.byteLength + bytesOfEntry : 0);
    }
    return bytes;
  }

  /** Gives the same object for equal times. */
  #sharing(): (times: Float64Array) => Times {
    const known = new Map<number, Times[]>();
    let latest: Times | undefined;
    return (at) => {
      if (latest && areEqual(latest.at, at)) return latest;
      const key = at.length + ((at[0] ?? 0) % 65_521) * 31 + ((at.at(-1) ?? 0) % 65_521) * 961;
      const alike = known.get(key) ?? [];
      latest = alike.find((times) => areEqual(times.at, at));
      if (latest) return latest;
      latest = { number: ++this.#numbers, at };
      known.set(key, [...alike, latest]);
      return latest;
    };
  }

  #drop(start: number): void {
    this.#bytes -= this.#slots.get(start)?.bytes ?? 0;
    this.#slots.delete(start);
  }

  #shrink(): void {
    if (this.#bytes <= this.#most) return;
    const oldest = [...this.#slots].sort(([, a], [, b]) => a.used - b.used);
    for (const [start, slot] of oldest) {
      // What is asked now stays: who asks is about to read it.
      if (this.#bytes <= this.#most || slot.used === this.#asked) return;
      this.#drop(start);
    }
  }
}

const nothing: Columns = { timestamps: new Float64Array(0), values: new Float64Array(0) };

/** The range of whole slots around a range. */
export const wholeSlots = ({ start, end }: Range): Range => ({
  start: Math.floor(start / slotMs) * slotMs,
  end: (Math.floor(end / slotMs) + 1) * slotMs - 1,
});

function slotStarts({ start, end }: Range): number[] {
  const first = Math.floor(start / slotMs);
  return Array.from({ length: Math.floor(end / slotMs) - first + 1 }, (_, at) => (first + at) * slotMs);
}

/** Times of several slots in one, and which part of each it is. */
interface Joined {
  times: readonly Times[];
  timestamps: Float64Array;
  parts: { from: number; to: number }[];
}

const isOf = ({ times }: Joined, entries: readonly Entry[]): boolean =>
  times.length === entries.length && times.every((own, at) => own === entries[at]?.times);

function join(entries: readonly Entry[], { start, end }: Range): Joined {
  const times = entries.map((entry) => entry.times);
  const parts = times.map(({ at }) => ({ from: lowerBound(at, start), to: lowerBound(at, end + 1) }));
  const [part] = parts;
  if (parts.length === 1 && part)
    return { times, parts, timestamps: times[0]?.at.subarray(part.from, part.to) ?? nothing.timestamps };
  const timestamps = new Float64Array(parts.reduce((sum, { from, to }) => sum + to - from, 0));
  let at = 0;
  for (const [index, { from, to }] of parts.entries()) {
    const own = times[index]?.at.subarray(from, to);
    if (own) timestamps.set(own, at);
    at += to - from;
  }
  return { times, parts, timestamps };
}

/** With rows of time and value's halves that were written later, in the order in which they were. */
function withRows({ timestamps, values }: Columns, rows: readonly number[]): Columns {
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

function rangeOf(halves: Uint32Array): Range {
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < halves.length; row += halvesOfRow) {
    const time = timeOf(halves, row);
    if (time < start) start = time;
    if (time > end) end = time;
  }
  return { start, end };
}

const timeOf = (halves: Uint32Array, row: number): number =>
  ((halves[row + 3] ?? 0) | 0) * 2 ** 32 + (halves[row + 2] ?? 0);

function areEqual(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}

/** The first index whose time is not below. */
function lowerBound(timestamps: Float64Array, time: number): number {
  let [low, high] = [0, timestamps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timestamps[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
