import { hash } from "node:crypto";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import type { SampleBatch } from "../protocols/agent/samples.ts";
import { MetricBatch } from "./batch.ts";
import { ByteKeys } from "./byte-keys.ts";

const mostKnown = 1_000_000;
const largestKeyBytes = 128 * 1024 * 1024;
const mostScopes = 64;

/**
 * Gives series their ids and small references, and remembers which of them this process has stored already. Columns, so
 * that a million series are no million objects; the id stands for the labels, here as in the tables.
 */
export class SeriesRegistry {
  low = new Uint32Array(1024);
  high = new Uint32Array(1024);
  /** Days that a series' row is known to be stored for; two, since around midnight and in backfills two are usual. */
  day = new Int32Array(1024);
  otherDay = new Int32Array(1024);
  /** Room for rows that earlier batches are done with. */
  readonly spareRows: Uint32Array<ArrayBuffer>[] = [];
  /** Of each series its row in RowBinary without the day, which is all of it that is stored anew each day. */
  #rows = new Uint8Array(64 * 1024);
  #ends = new Uint32Array(1024);
  #slots = new Int32Array(2048);
  #size = 0;
  readonly #scopes = new Map<string, ByteKeys>();

  get size(): number {
    return this.#size;
  }

  /** A batch to fill at once: references are void after the next call. */
  open(): MetricBatch {
    if (this.#size > mostKnown) this.#forgetAll();
    return new MetricBatch(this);
  }

  /** What senders wrote → references, kept for each `scope`: what else decides of the labels, such as the environment. */
  keys(scope: string): ByteKeys {
    const known = this.#scopes.get(scope);
    if (known) return known;
    const [oldest] = this.#scopes.keys();
    if (this.#scopes.size >= mostScopes && oldest !== undefined) this.#scopes.delete(oldest);
    const keys = new ByteKeys(largestKeyBytes);
    this.#scopes.set(scope, keys);
    return keys;
  }

  /**
   * `labels`: names and values in turn, names ascending, no empty values. A series that is not known is taken in if
   * `admit` says so; -1 where it does not.
   */
  reference(labels: readonly string[], admit?: () => boolean): number {
    // 64 bits of SHA-1: two of a billion series share an id with a chance of one in 37.
    const digest = hash("sha1", labels.join("\xff"), "buffer");
    const [low, high] = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
    const mask = this.#slots.length - 1;
    let slot = low & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const reference = (this.#slots[slot] ?? 0) - 1;
      if (this.low[reference] === low && this.high[reference] === high) return reference;
    }
    if (admit && !admit()) return -1;
    const reference = this.#size++;
    if (reference === this.low.length) this.#grow();
    this.low[reference] = low;
    this.high[reference] = high;
    this.day[reference] = this.otherDay[reference] = -1;
    this.#keepRow(reference, seriesRow(labels, low, high));
    this.#place(reference);
    return reference;
  }

  row(reference: number): Uint8Array {
    return this.#rows.subarray(this.#startOf(reference), this.#ends[reference]);
  }

  /** Its row was not stored after all, or is about to be left behind. */
  forgetDays(reference: number): void {
    this.day[reference] = this.otherDay[reference] = -1;
  }

  /** Rows of series are gone from the store: each is stored anew with its next sample. */
  forgetStored(): void {
    this.day.fill(-1);
    this.otherDay.fill(-1);
  }

  /** Fills a batch with what an agent sent. */
  segments(batch: SampleBatch, admit?: (labels: readonly string[]) => boolean): MetricBatch {
    const open = this.open();
    const references = batch.series.map((labels) => this.reference(labels, admit && (() => admit(labels))));
    for (let at = 0; at < batch.indexes.length; at++) {
      const reference = references[batch.indexes[at] ?? 0] ?? -1;
      if (reference < 0) continue;
      const low = batch.valueBits[at * 2] ?? 0;
      const high = batch.valueBits[at * 2 + 1] ?? 0;
      open.sample(reference, batch.timestamps[at] ?? 0, low, high);
    }
    return open;
  }

  #startOf(reference: number): number {
    return reference === 0 ? 0 : (this.#ends[reference - 1] ?? 0);
  }

  #keepRow(reference: number, row: Uint8Array): void {
    const start = this.#startOf(reference);
    const end = start + row.length;
    if (end > this.#rows.length) {
      const larger = new Uint8Array(Math.max(end, this.#rows.length * 2));
      larger.set(this.#rows.subarray(0, start));
      this.#rows = larger;
    }
    this.#rows.set(row, start);
    this.#ends[reference] = end;
  }

  #place(reference: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.low[reference] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = reference + 1;
  }

  #grow(): void {
    const copy = <T extends Int32Array | Uint32Array>(to: T, from: T) => {
      to.set(from);
      return to;
    };
    const larger = this.low.length * 2;
    this.low = copy(new Uint32Array(larger), this.low);
    this.high = copy(new Uint32Array(larger), this.high);
    this.#ends = copy(new Uint32Array(larger), this.#ends);
    this.day = copy(new Int32Array(larger), this.day);
    this.otherDay = copy(new Int32Array(larger), this.otherDay);
    this.#slots = new Int32Array(larger * 2);
    for (let reference = 0; reference < this.#size - 1; reference++) this.#place(reference);
  }

  #forgetAll(): void {
    this.#size = 0;
    this.#slots.fill(0);
    this.#scopes.clear();
  }
}

function seriesRow(labels: readonly string[], low: number, high: number): Uint8Array {
  const row = new ByteWriter(256);
  const nameAt = labels.findIndex((text, at) => at % 2 === 0 && text === "__name__");
  row.uint32(low);
  row.uint32(high);
  row.string(labels[nameAt + 1] ?? "");
  row.varint(labels.length / 2 - 1);
  for (let at = 0; at < labels.length; at += 2) {
    if (at === nameAt) continue;
    row.string(labels[at] ?? "");
    row.string(labels[at + 1] ?? "");
  }
  return row.view();
}
