import type { Series } from "@havn/promql/querier";
import type { Columns } from "./sample-columns.ts";
import { Slot, slotMs } from "./slot.ts";

export { slotMs } from "./slot.ts";

/** Rows of writes that wait to be put beside what is kept: what is asked next takes some 100 ms longer at most. */
const mostWaiting = 1_000_000;
/** Writes without a question in between, about one a second, after which nothing is kept any more. */
const mostUnasked = 600;
const halvesOfRow = 6;
/** Of a series in a slot, until it is known better: samples 15 s apart that lie close together. */
const usualEntryBytes = 400;
/** Series that have a number, before all of them get new ones. */
const mostNumbers = 2_000_000;
/** Samples that are unpacked at once: what works on them finds them in the processor's own memory. */
const samplesOfBatch = 65_536;

export interface Range {
  start: number;
  end: number;
}

/** Rows as they were written: id, milliseconds and value, two halves each. */
interface Write {
  number: number;
  halves: Uint32Array;
  range: Range;
}

/** What of a selection is not known, and when: by whole slots. */
export interface Missing {
  /** Places among the series that were asked for. */
  places: number[];
  range: Range;
}

/**
 * Samples that were asked for, in memory, by half hours: of a series and half hour all that is stored, or nothing. It
 * follows what is written: writes wait until somebody asks, and are put in by the order in which they were made, so that
 * a read that saw some of them already ends at the same. What was asked longest ago goes first.
 */
export class SampleCache {
  readonly #most: number;
  readonly #slots = new Map<number, Slot>();
  /** Series by small numbers, which arrays can be looked up by. */
  #numbers = new Map<bigint, number>();
  #nextNumber = 0;
  #numbered = new WeakMap<BigUint64Array, Int32Array>();
  #writes: Write[] = [];
  #waiting = 0;
  #written = 0;
  #unasked = 0;
  #asked = 0;
  #bytes = 0;
  /** The last write that neither waits nor is in all slots that it belongs to. */
  #forgotten = 0;

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
    while (this.#waiting > mostWaiting) this.#forgetOldest();
  }

  /** Slots that it belongs to and that do not have it yet are known no more. */
  #forgetOldest(): void {
    const oldest = this.#writes.shift();
    if (!oldest) return;
    this.#waiting -= oldest.halves.length / halvesOfRow;
    this.#forgotten = oldest.number;
    for (const slot of this.#slots.values())
      if (slot.asOf < oldest.number && meet(slot, oldest.range)) this.#drop(slot);
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
  hasRoomFor(series: number, range: Range): boolean {
    return series * slotStarts(range).length * this.#entryBytes() <= this.#most * 0.75;
  }

  /** As those are that are kept; a store's series are alike in how often they are sampled. */
  #entryBytes(): number {
    let entries = 0;
    for (const slot of this.#slots.values()) entries += slot.count;
    return entries < 1_000 ? usualEntryBytes : this.#bytes / entries;
  }

  /** Series by the numbers that they have here; the same array again is found faster. */
  numbersOf(ids: BigUint64Array): Int32Array {
    let numbers = this.#numbered.get(ids);
    if (!numbers) {
      numbers = new Int32Array(ids.length);
      for (let at = 0; at < ids.length; at++) numbers[at] = this.#numberOf(ids[at] ?? 0n);
      this.#numbered.set(ids, numbers);
    }
    return numbers;
  }

  /** What is known of these series over a range, as of now. */
  open(numbers: Int32Array, range: Range): Reading {
    this.#unasked = 0;
    this.#asked++;
    const reading = new Reading(numbers, range, (start) => this.#current(start));
    // What was put in just now takes room too. Who reads holds on to what it reads.
    this.#shrink({ asked: true });
    return reading;
  }

  #numberOf(id: bigint): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      if (this.#numbers.size >= mostNumbers) {
        this.clear();
        this.#numbers = new Map();
        this.#numbered = new WeakMap();
      }
      // Never one that another series had: somebody may still hold on to it.
      number = this.#nextNumber++;
      this.#numbers.set(id, number);
    }
    return number;
  }

  /**
   * Keeps all samples that these series have in the slots of `range`, read after the write `asOf`. False where they
   * cannot be kept: too much was written since, or there is too much of them.
   */
  put(
    numbers: Int32Array,
    columns: readonly (Columns | undefined)[],
    { range, asOf }: { range: Range; asOf: number },
  ): boolean {
    if (asOf < this.#forgotten) return false;
    const starts = slotStarts(range);
    for (const start of starts) {
      let slot = this.#slots.get(start);
      if (!slot) {
        slot = new Slot(start, asOf);
        this.#slots.set(start, slot);
      }
      slot.asOf = Math.min(slot.asOf, asOf);
      slot.used = this.#asked;
      const before = slot.bytes;
      for (let at = 0; at < numbers.length; at++)
        slot.put(numbers[at] ?? 0, within(columns[at] ?? nothing, slot));
      this.#bytes += slot.bytes - before;
    }
    this.#shrink({ asked: false });
    if (this.#bytes <= this.#most) return true;
    for (const start of starts) this.#drop(this.#slots.get(start));
    return false;
  }

  /** The slot with all that was written; undefined where nothing is known of that time. */
  #current(start: number): Slot | undefined {
    const slot = this.#slots.get(start);
    if (!slot) return undefined;
    slot.used = this.#asked;
    if (slot.asOf === this.#written) return slot;
    this.#catchUp(slot);
    if (!slot.isWasteful) return slot;
    const compacted = slot.compacted();
    this.#bytes += compacted.bytes - slot.bytes;
    this.#slots.set(start, compacted);
    return compacted;
  }

  #catchUp(slot: Slot): void {
    const added = new Map<number, number[]>();
    for (const { number, halves, range } of this.#writes) {
      if (number <= slot.asOf || !meet(slot, range)) continue;
      const ids = new BigUint64Array(halves.buffer);
      for (let row = 0; row < halves.length; row += halvesOfRow) {
        const time = timeOf(halves, row);
        if (time < slot.start || time > slot.end) continue;
        const series = this.#numbers.get(ids[row / 2] ?? 0n);
        if (series === undefined || slot.placeOf(series) < 0) continue;
        const rows = added.get(series);
        if (rows) rows.push(time, halves[row + 4] ?? 0, halves[row + 5] ?? 0);
        else added.set(series, [time, halves[row + 4] ?? 0, halves[row + 5] ?? 0]);
      }
    }
    const before = slot.bytes;
    for (const [series, rows] of added) slot.put(series, withRows(slot.entry(slot.placeOf(series)), rows));
    this.#bytes += slot.bytes - before;
    slot.asOf = this.#written;
  }

  #drop(slot: Slot | undefined): void {
    if (!slot || !this.#slots.delete(slot.start)) return;
    this.#bytes -= slot.bytes;
  }

  /** `asked`: also what is asked for at this moment. */
  #shrink({ asked }: { asked: boolean }): void {
    if (this.#bytes <= this.#most) return;
    const oldest = [...this.#slots.values()].sort((a, b) => a.used - b.used);
    for (const slot of oldest) {
      // What is asked now stays: who asks is about to read it.
      if (this.#bytes <= this.#most || (!asked && slot.used === this.#asked)) return;
      this.#drop(slot);
    }
  }
}

/** What a selection's samples are, in memory. */
export class Reading {
  /** Undefined where all is known. */
  readonly missing: Missing | undefined;
  readonly #numbers: Int32Array;
  readonly #range: Range;
  readonly #slots: Slot[];
  readonly #joined = new Map<number, Joined[]>();
  #latest: Joined | undefined;

  constructor(numbers: Int32Array, range: Range, current: (start: number) => Slot | undefined) {
    this.#numbers = numbers;
    this.#range = range;
    const starts = slotStarts(range);
    const slots = starts.map(current);
    this.#slots = slots.filter((slot) => slot !== undefined);
    this.missing = missingIn(numbers, starts, slots);
  }

  /**
   * Columns of all series, in their order and many at a time; undefined for those without a sample. All must be known.
   * `reuse`: a batch counts only until the next one is asked for.
   */
  *batches({ reuse }: { reuse: boolean }): Generator<(KnownColumns | undefined)[]> {
    const numbers = this.#numbers;
    let room = new Float64Array(0);
    for (let from = 0; from < numbers.length; ) {
      const joined: Joined[] = [];
      let samples = 0;
      for (let at = from; at < numbers.length && samples < samplesOfBatch; at++) {
        const own = this.#joinedOf(numbers[at] ?? 0);
        joined.push(own);
        samples += own.timestamps.length;
      }
      if (!reuse || room.length < samples) room = new Float64Array(samples);
      const values = room;
      let place = 0;
      const columns = joined.map((own, at) => {
        const { length } = own.timestamps;
        if (length === 0) return undefined;
        const plain = this.#unpack(numbers[from + at] ?? 0, own, { values, at: place });
        place += length;
        const part = values.subarray(place - length, place);
        return { timestamps: own.timestamps, values: part, ...(plain && { plain }) };
      });
      from += joined.length;
      yield columns;
    }
  }

  /** Samples of all series in the range, and the room that their values take. */
  extent(): { samples: number; bytes: number } {
    let [samples, bytes] = [0, 0];
    for (const number of this.#numbers) {
      samples += this.#joinedOf(number).timestamps.length;
      for (const slot of this.#slots) bytes += slot.sizeAt(slot.placeOf(number));
    }
    return { samples, bytes };
  }

  /** True where none of the values can be NaN. */
  #unpack(number: number, { parts }: Joined, into: { values: Float64Array; at: number }): boolean {
    let plain = true;
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i];
      const part = parts[i];
      if (!slot || !part || part.to === part.from) continue;
      const place = slot.placeOf(number);
      if (slot.hasNaN(place)) plain = false;
      slot.read(place, part, into);
      into.at += part.to - part.from;
    }
    return plain;
  }

  /** The same for series that have the same times in all slots. */
  #joinedOf(number: number): Joined {
    const slots = this.#slots;
    let hash = 0;
    let isLatest = this.#latest !== undefined;
    for (let i = 0; i < slots.length; i++) {
      const times = timesIn(slots[i], number);
      if (isLatest && this.#latest?.times[i] !== times) isLatest = false;
      hash = (Math.imul(hash, 31) + times) | 0;
    }
    if (isLatest && this.#latest) return this.#latest;
    const alike = this.#joined.get(hash);
    let found = alike?.find(({ times }) => slots.every((slot, i) => times[i] === timesIn(slot, number)));
    if (!found) {
      found = join(slots, number, this.#range);
      if (alike) alike.push(found);
      else this.#joined.set(hash, [found]);
    }
    this.#latest = found;
    return found;
  }
}

const timesIn = (slot: Slot | undefined, number: number): number => slot?.timesAt(slot.placeOf(number)) ?? 0;

function missingIn(
  numbers: Int32Array,
  starts: readonly number[],
  slots: readonly (Slot | undefined)[],
): Missing | undefined {
  const places = new Set<number>();
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, slot] of slots.entries()) {
    const before = places.size;
    let any = false;
    for (let at = 0; at < numbers.length; at++) {
      if (slot && slot.placeOf(numbers[at] ?? 0) >= 0) continue;
      any = true;
      if (before < numbers.length) places.add(at);
    }
    if (!any) continue;
    start = Math.min(start, starts[i] ?? 0);
    end = Math.max(end, (starts[i] ?? 0) + slotMs - 1);
  }
  return places.size === 0 ? undefined : { places: [...places].sort((a, b) => a - b), range: { start, end } };
}

type KnownColumns = Pick<Series, "timestamps" | "values" | "plain">;

const nothing: Columns = { timestamps: new Float64Array(0), values: new Float64Array(0) };

const meet = (slot: Slot, { start, end }: Range): boolean => end >= slot.start && start <= slot.end;

function slotStarts({ start, end }: Range): number[] {
  const starts: number[] = [];
  for (let at = Math.floor(start / slotMs); at <= Math.floor(end / slotMs); at++) starts.push(at * slotMs);
  return starts;
}

/** Views of what lies in a slot. */
function within({ timestamps, values }: Columns, { start, end }: Slot): Columns {
  const [from, to] = [lowerBound(timestamps, start), lowerBound(timestamps, end + 1)];
  return { timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
}

/** Times of several slots in one, and which part of each it is. */
interface Joined {
  /** Index of the times in each slot. */
  times: Int32Array;
  timestamps: Float64Array;
  parts: { from: number; to: number }[];
}

function join(slots: readonly Slot[], number: number, { start, end }: Range): Joined {
  const times = Int32Array.from(slots, (slot) => timesIn(slot, number));
  const columns = slots.map((slot, i) => slot.times[times[i] ?? 0] ?? nothing.timestamps);
  const parts = columns.map((at) => ({ from: lowerBound(at, start), to: lowerBound(at, end + 1) }));
  const timestamps = new Float64Array(parts.reduce((sum, { from, to }) => sum + to - from, 0));
  let at = 0;
  for (const [i, { from, to }] of parts.entries()) {
    const own = columns[i]?.subarray(from, to);
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
