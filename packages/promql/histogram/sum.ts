import { Sum } from "../functions/sums.ts";
import {
  compact,
  emptyHistogram,
  type Histogram,
  isCustom,
  noBuckets,
  type ResetHint,
  sameBounds,
} from "./histogram.ts";
import { coarser, mergeSides, moveBuckets, openSide, type Side } from "./sides.ts";
import { commonThreshold, isInside } from "./zero.ts";

/** How an addition went. `collision`: one says that its counter was reset, the other that it was not. */
export interface Added {
  collision: boolean;
  /** Custom bounds differed: only those that both have remain. */
  reconciled: boolean;
}

/** A sum of histograms that does not lose small terms, at the finest resolution that all of them have. */
export class HistogramSum {
  hint: ResetHint;
  #schema: number;
  #zeroThreshold: number;
  #bounds: readonly number[];
  #count = new Sum();
  #sum = new Sum();
  #zero = new Sum();
  #positive: Side;
  #negative: Side;

  constructor(first: Histogram) {
    this.hint = first.hint;
    this.#schema = first.schema;
    this.#zeroThreshold = first.zeroThreshold;
    this.#bounds = first.customBounds;
    this.#count.value = first.count;
    this.#sum.value = first.sum;
    this.#zero.value = first.zeroCount;
    this.#positive = openSide(first.positive);
    this.#negative = openSide(first.negative);
  }

  /** Adds `sign` times the histogram. Undefined, and nothing done, where one has custom buckets and the other has not. */
  add(other: Histogram, sign: 1 | -1 = 1): Added | undefined {
    const custom = this.#schema === other.schema && isCustom(other);
    if (!custom && (isCustom(other) || isCustom({ schema: this.#schema }))) return undefined;
    const collision = this.#adjustHint(other.hint);
    this.#count.add(sign * other.count);
    this.#sum.add(sign * other.sum);
    if (custom) return { collision, reconciled: this.#addCustom(other, sign) };
    this.#addExponential(other, sign);
    return { collision, reconciled: false };
  }

  #adjustHint(other: ResetHint): boolean {
    if (other === this.hint || this.hint === "gauge") return false;
    if (other === "gauge") {
      this.hint = "gauge";
      return false;
    }
    const collision = this.hint !== "unknown" && other !== "unknown";
    this.hint = "unknown";
    return collision;
  }

  #addCustom(other: Histogram, sign: 1 | -1): boolean {
    if (sameBounds(this.#bounds, other.customBounds)) {
      this.#positive = mergeSides(this.#positive, other.positive, sign);
      return false;
    }
    const common = this.#bounds.filter((bound) => other.customBounds.includes(bound));
    const place = (bounds: readonly number[]) => (index: number) => {
      const bound = bounds[index] ?? Number.POSITIVE_INFINITY;
      const to = common.findIndex((candidate) => candidate >= bound);
      return to < 0 ? common.length : to;
    };
    const held = moveBuckets(this.#positive, place(this.#bounds));
    this.#positive = mergeSides(held, moveBuckets(other.positive, place(other.customBounds)), sign);
    this.#bounds = common;
    return true;
  }

  #addExponential(other: Histogram, sign: 1 | -1): void {
    const threshold = this.#widenZero(other);
    this.#zero.add(sign * other.zeroCount);
    const inside = isInside(other.schema, threshold);
    const absorbs = other.zeroThreshold < threshold;
    this.reduce(other.schema);
    const move = other.schema > this.#schema ? coarser(other.schema, this.#schema) : (index: number) => index;
    const taken = (buckets: Histogram["positive"]) => {
      if (!absorbs && other.schema === this.#schema) return buckets;
      if (absorbs)
        for (let i = 0; i < buckets.indexes.length; i++)
          if (inside(buckets.indexes[i] ?? 0)) this.#zero.add(sign * (buckets.counts[i] ?? 0));
      return moveBuckets(buckets, (index) => (absorbs && inside(index) ? undefined : move(index)));
    };
    this.#positive = mergeSides(this.#positive, taken(other.positive), sign);
    this.#negative = mergeSides(this.#negative, taken(other.negative), sign);
  }

  /** Makes the zero bucket as wide as it must be to take the other's. */
  #widenZero(other: Histogram): number {
    if (other.zeroThreshold === this.#zeroThreshold) return this.#zeroThreshold;
    const own = {
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      positive: this.#positive,
      negative: this.#negative,
    };
    const threshold = commonThreshold(own, other);
    if (threshold > this.#zeroThreshold) {
      const inside = isInside(this.#schema, threshold);
      const absorb = (side: Side) => {
        for (let i = 0; i < side.indexes.length; i++) {
          if (!inside(side.indexes[i] ?? 0)) continue;
          this.#zero.add(side.counts[i] ?? 0);
          this.#zero.add(side.lost[i] ?? 0);
        }
        return moveBuckets(side, (index) => (inside(index) ? undefined : index));
      };
      this.#positive = absorb(this.#positive);
      this.#negative = absorb(this.#negative);
      this.#zeroThreshold = threshold;
    }
    return threshold;
  }

  /** To a coarser exponential schema; a finer one changes nothing. */
  reduce(schema: number): void {
    if (schema >= this.#schema || isCustom({ schema })) return;
    const move = coarser(this.#schema, schema);
    this.#positive = moveBuckets(this.#positive, move);
    this.#negative = moveBuckets(this.#negative, move);
    this.#schema = schema;
  }

  /** Every number through `change`, which must be linear. */
  scale(change: (value: number) => number): void {
    for (const sum of [this.#count, this.#sum, this.#zero]) {
      sum.value = change(sum.value);
      sum.compensation = change(sum.compensation);
    }
    for (const side of [this.#positive, this.#negative])
      for (const column of [side.counts, side.lost])
        for (let i = 0; i < column.length; i++) column[i] = change(column[i] ?? 0);
  }

  clone(): HistogramSum {
    const copy = new HistogramSum(emptyHistogram(this.#schema));
    copy.hint = this.hint;
    copy.#zeroThreshold = this.#zeroThreshold;
    copy.#bounds = this.#bounds;
    for (const [to, from] of [
      [copy.#count, this.#count],
      [copy.#sum, this.#sum],
      [copy.#zero, this.#zero],
    ] as const) {
      to.value = from.value;
      to.compensation = from.compensation;
    }
    copy.#positive = cloneSide(this.#positive);
    copy.#negative = cloneSide(this.#negative);
    return copy;
  }

  get overflowed(): boolean {
    const infinite = (value: number) =>
      value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
    return (
      [this.#count, this.#sum, this.#zero].some(({ value }) => infinite(value)) ||
      this.#positive.counts.some(infinite) ||
      this.#negative.counts.some(infinite)
    );
  }

  get total(): Histogram {
    const custom = isCustom({ schema: this.#schema });
    return {
      schema: this.#schema,
      count: this.#count.total,
      sum: this.#sum.total,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zero.total,
      hint: this.hint,
      positive: finishSide(this.#positive),
      negative: custom ? noBuckets : finishSide(this.#negative),
      customBounds: this.#bounds,
    };
  }
}

function finishSide({ indexes, counts, lost }: Side): Histogram["positive"] {
  return compact(
    indexes,
    counts.map((count, i) => count + (lost[i] ?? 0)),
  );
}

const cloneSide = ({ indexes, counts, lost }: Side): Side => ({
  indexes,
  counts: counts.slice(),
  lost: lost.slice(),
});
