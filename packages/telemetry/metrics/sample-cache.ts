import { nothing, type Range, Reading, slotStarts } from "./reading.ts";
import type { Columns } from "./sample-columns.ts";
import { lowerBound, Slot } from "./slot.ts";
import { halvesOfRow, rangeOf, timeOf, type Write, withRows } from "./writes.ts";

export { slotMs } from "./slot.ts";

/** Rows of writes that wait to be put beside what is kept: what is asked next takes some 100 ms longer at most. */
const mostWaiting = 1_000_000;
/** Writes without a question in between, about one a second, after which nothing is kept any more. */
const mostUnasked = 600;
/** Of a series in a slot, until it is known better: samples 15 s apart that lie close together. */
const usualEntryBytes = 400;
/** Series that have a number, before all of them get new ones. */
const mostNumbers = 2_000_000;

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
      for (let at = 0; at < numbers.length; at++) {
        const own = columns[at] ?? nothing;
        const from = lowerBound(own.timestamps, slot.start);
        slot.put(numbers[at] ?? 0, own, { from, to: lowerBound(own.timestamps, slot.end + 1) });
      }
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

const meet = (slot: Slot, { start, end }: Range): boolean => end >= slot.start && start <= slot.end;
