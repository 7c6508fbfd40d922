import { kinds, type Packed, Page, type Part, pack, packingOf, sizeOf, unpack } from "./packing.ts";
import type { Columns } from "./sample-columns.ts";

export const slotMs = 1_800_000;
const firstPage = 4 * 1024;
const largestPage = 1024 * 1024;
/** An entry without its values, beside the place that says where it is. */
const bytesOfEntry = 25;
const bytesOfTimes = 200;
const leastWaste = 1024 * 1024;
const mostIdleTimes = 64;

/** What a series has in a slot. */
export interface Entry {
  timestamps: Float64Array;
  values: Float64Array;
}

/** Samples of half an hour: of a series, known by its number, all that is stored, or nothing. */
export class Slot {
  readonly start: number;
  /** The last write that is in it for certain. */
  asOf: number;
  /** When it was asked last. */
  used = 0;
  bytes = 0;
  /** Columns of times: equal for series of one target, they are kept once. The first is the empty one. */
  times: Float64Array[] = [new Float64Array(0)];
  #alike = new Map<number, number[]>();
  /** By the number of a series: 0, or 1 more than where its entry is. */
  #places = new Int32Array(64);
  #count = 0;
  #timesOf = new Int32Array(64);
  #pageOf = new Int32Array(64);
  #at = new Int32Array(64);
  #kinds = new Uint8Array(64);
  #bases = new Float64Array(64);
  #scales = new Uint16Array(64);
  #pages: Page[] = [];
  /** Bytes of values and times that nobody refers to any more. */
  #wasted = 0;

  constructor(start: number, asOf: number) {
    this.start = start;
    this.asOf = asOf;
  }

  get end(): number {
    return this.start + slotMs - 1;
  }

  /** Series that are known. */
  get count(): number {
    return this.#count;
  }

  /** Where the entry of a series is; -1 where it is not known. */
  placeOf(number: number): number {
    return (this.#places[number] ?? 0) - 1;
  }

  /** The column of times of an entry, as an index into `times`. */
  timesAt(place: number): number {
    return this.#timesOf[place] ?? 0;
  }

  /** Bytes that the values of an entry take. */
  sizeAt(place: number): number {
    return place < 0 ? 0 : sizeOf(this.#kinds[place] as Packed["kind"], this.#countAt(place));
  }

  /** Whether some value may be NaN. */
  hasNaN(place: number): boolean {
    return this.#kinds[place] === kinds.withNaN;
  }

  read(
    place: number,
    { from, to }: { from: number; to: number },
    into: { values: Float64Array; at: number },
  ): void {
    const page = this.#pages[this.#pageOf[place] ?? 0];
    if (!page) return;
    scratch.kind = this.#kinds[place] as Packed["kind"];
    scratch.base = this.#bases[place] ?? 0;
    scratch.scale = this.#scales[place] ?? 1;
    scratch.page = page;
    scratch.at = this.#at[place] ?? 0;
    scratch.from = from;
    scratch.to = to;
    unpack(scratch, into.values, into.at);
  }

  entry(place: number): Entry {
    const timestamps = this.times[this.timesAt(place)] ?? new Float64Array(0);
    const values = new Float64Array(timestamps.length);
    this.read(place, { from: 0, to: values.length }, { values, at: 0 });
    return { timestamps, values };
  }

  /** Copies what it is given, or a part of it. */
  put(number: number, { timestamps, values }: Columns, part = { from: 0, to: values.length }): void {
    let place = this.placeOf(number);
    if (place < 0) {
      place = this.#count++;
      this.#reserve(number);
      this.#places[number] = place + 1;
      this.bytes += bytesOfEntry;
    } else this.#wasted += this.sizeAt(place);
    const packing = packingOf(values, part);
    const size = sizeOf(packing.kind, part.to - part.from);
    const { index, page } = this.#pageFor(size);
    pack(values, packing, { page, at: page.used, ...part });
    this.#timesOf[place] = this.#share(timestamps, part);
    this.#pageOf[place] = index;
    this.#at[place] = page.used;
    this.#kinds[place] = packing.kind;
    this.#bases[place] = packing.base;
    this.#scales[place] = packing.scale;
    page.used += size;
  }

  /** Whether it would take half as much, were it written anew. */
  get isWasteful(): boolean {
    if (this.times.length > this.#count + mostIdleTimes) return true;
    return this.#wasted > leastWaste && this.#wasted > this.bytes / 2;
  }

  /** The same with nothing in it that nobody needs. */
  compacted(): Slot {
    const fresh = new Slot(this.start, this.asOf);
    fresh.used = this.used;
    for (const [number, place] of this.#places.entries())
      if (place > 0) fresh.put(number, this.entry(place - 1));
    return fresh;
  }

  #countAt(place: number): number {
    return this.times[this.timesAt(place)]?.length ?? 0;
  }

  #pageFor(size: number): { index: number; page: Page } {
    const last = this.#pages.at(-1);
    if (last && last.used + size <= last.bytes.length) return { index: this.#pages.length - 1, page: last };
    const grown = Math.min(largestPage, (last?.bytes.length ?? firstPage / 2) * 2);
    const page = new Page(Math.max(size, grown));
    this.bytes += page.bytes.length;
    this.#pages.push(page);
    return { index: this.#pages.length - 1, page };
  }

  #reserve(number: number): void {
    if (number >= this.#places.length) {
      const before = this.#places.length;
      this.#places = grown(this.#places, Int32Array, number + 1);
      this.bytes += (this.#places.length - before) * 4;
    }
    if (this.#count <= this.#kinds.length) return;
    this.#timesOf = grown(this.#timesOf, Int32Array, this.#count);
    this.#pageOf = grown(this.#pageOf, Int32Array, this.#count);
    this.#at = grown(this.#at, Int32Array, this.#count);
    this.#kinds = grown(this.#kinds, Uint8Array, this.#count);
    this.#bases = grown(this.#bases, Float64Array, this.#count);
    this.#scales = grown(this.#scales, Uint16Array, this.#count);
  }

  /** The index of times that are equal. */
  #share(at: Float64Array, part: Part): number {
    if (part.from === part.to) return 0;
    const latest = this.times.length - 1;
    if (isPart(this.times[latest], at, part)) return latest;
    const [first = 0, last = 0] = [at[part.from], at[part.to - 1]];
    const key = part.to - part.from + (first % 65_521) * 31 + (last % 65_521) * 961;
    const alike = this.#alike.get(key);
    const known = alike?.find((index) => isPart(this.times[index], at, part));
    if (known !== undefined) return known;
    const index = this.times.push(at.slice(part.from, part.to)) - 1;
    this.bytes += (part.to - part.from) * 8 + bytesOfTimes;
    if (alike) alike.push(index);
    else this.#alike.set(key, [index]);
    return index;
  }
}

/** What is read at the moment: reading does not wait, and there are millions of entries to read. */
const scratch: Packed = { kind: kinds.same, base: 0, scale: 1, page: new Page(0), at: 0, from: 0, to: 0 };

function grown<T extends Int32Array | Uint8Array | Uint16Array | Float64Array>(
  held: T,
  Kind: new (length: number) => T,
  least: number,
): T {
  const more = new Kind(Math.max(least, held.length + (held.length >> 1)));
  more.set(held as never);
  return more;
}

/** Whether these are the times of that part. */
function isPart(own: Float64Array | undefined, at: Float64Array, { from, to }: Part): boolean {
  if (own?.length !== to - from) return false;
  for (let i = own.length - 1; i >= 0; i--) if (own[i] !== at[from + i]) return false;
  return true;
}

/** The first index whose time is not below. */
export function lowerBound(timestamps: Float64Array, time: number): number {
  let [low, high] = [0, timestamps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timestamps[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
