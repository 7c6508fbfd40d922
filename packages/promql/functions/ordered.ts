import type { Window } from "./define.ts";

/** The values of windows that only move forward, in order, NaN first: what leaves and what comes is sorted in one by one. */
export class OrderedWindow {
  readonly #values: Float64Array;
  #sorted = new Float64Array(16);
  #count = 0;
  #nans = 0;
  #from = 0;
  #to = 0;

  constructor(values: Float64Array) {
    this.#values = values;
  }

  moveTo({ from, to }: Window): void {
    if (from >= this.#to) {
      this.#count = 0;
      this.#nans = 0;
      this.#to = from;
    } else for (let i = this.#from; i < from; i++) this.#remove(this.#values[i] ?? 0);
    for (let i = this.#to; i < to; i++) this.#insert(this.#values[i] ?? 0);
    this.#from = from;
    this.#to = to;
  }

  get length(): number {
    return this.#nans + this.#count;
  }

  get hasNaN(): boolean {
    return this.#nans > 0;
  }

  at(index: number): number {
    return index < this.#nans ? Number.NaN : (this.#sorted[index - this.#nans] ?? Number.NaN);
  }

  /** After its equals, so that they stay in order of time (0 equals -0). */
  #insert(value: number): void {
    if (Number.isNaN(value)) {
      this.#nans++;
      return;
    }
    if (this.#count === this.#sorted.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#sorted);
      this.#sorted = larger;
    }
    const at = this.#search((held) => held <= value);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = value;
    this.#count++;
  }

  #remove(value: number): void {
    if (Number.isNaN(value)) {
      this.#nans--;
      return;
    }
    const at = this.#search((held) => held < value);
    this.#sorted.copyWithin(at, at + 1, this.#count);
    this.#count--;
  }

  /** How many values come before the first that is not `before`. */
  #search(before: (held: number) => boolean): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.#sorted[middle] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
