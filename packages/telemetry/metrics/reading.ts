import type { Series } from "@havn/promql/querier";
import type { Columns } from "./sample-columns.ts";
import { lowerBound, type Slot, slotMs } from "./slot.ts";

/** Samples that are unpacked at once: what works on them finds them in the processor's own memory. */
const samplesOfBatch = 65_536;

export interface Range {
  start: number;
  end: number;
}

/** What of a selection is not known, and when: by whole slots. */
export interface Missing {
  /** Places among the series that were asked for. */
  places: number[];
  range: Range;
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

export const nothing: Columns = { timestamps: new Float64Array(0), values: new Float64Array(0) };

/** When each slot of a range begins. */
export function slotStarts({ start, end }: Range): number[] {
  const starts: number[] = [];
  for (let at = Math.floor(start / slotMs); at <= Math.floor(end / slotMs); at++) starts.push(at * slotMs);
  return starts;
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
