/** An exponential histogram in the making: buckets by Prometheus' index. */
export interface Tally {
  scale: number;
  count: number;
  sum: number;
  zeroCount: number;
  positive: ReadonlyMap<number, number>;
  negative: ReadonlyMap<number, number>;
}

type Sum = readonly number[] | Tally;

const mostSums = 200_000;

/**
 * Adds up what senders tell as differences, since PromQL's functions want running totals. Totals start at zero with this
 * process, which the functions take for a counter's reset; the oldest are forgotten when there are too many.
 */
export class DeltaSums {
  readonly #sums = new Map<string, Sum>();
  #before = new Map<string, Sum | undefined>();

  add(key: string, values: readonly number[]): readonly number[] {
    const known = this.#sums.get(key) as readonly number[] | undefined;
    const sums = values.map((value, at) => value + (known?.[at] ?? 0));
    this.#set(key, sums);
    return sums;
  }

  addTally(key: string, tally: Tally): Tally {
    const known = this.#sums.get(`tally\xff${key}`) as Tally | undefined;
    const sum = known ? joined(known, tally) : tally;
    this.#set(`tally\xff${key}`, sum);
    return sum;
  }

  /** Undoes what was added since it was last called, where a write failed: its sender sends it again. */
  checkpoint(): () => void {
    const before = this.#before;
    this.#before = new Map();
    return () => {
      for (const [key, sum] of before)
        if (sum === undefined) this.#sums.delete(key);
        else this.#sums.set(key, sum);
    };
  }

  #set(key: string, sum: Sum): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#sums.get(key));
    this.#sums.delete(key);
    const [oldest] = this.#sums.keys();
    if (this.#sums.size >= mostSums && oldest !== undefined) this.#sums.delete(oldest);
    this.#sums.set(key, sum);
  }
}

function joined(a: Tally, b: Tally): Tally {
  const scale = Math.min(a.scale, b.scale);
  return {
    scale,
    ...{ count: a.count + b.count, sum: a.sum + b.sum, zeroCount: a.zeroCount + b.zeroCount },
    positive: joinBuckets(scale, [a.scale, a.positive], [b.scale, b.positive]),
    negative: joinBuckets(scale, [a.scale, a.negative], [b.scale, b.negative]),
  };
}

function joinBuckets(scale: number, ...sides: [number, ReadonlyMap<number, number>][]): Map<number, number> {
  const joined = new Map<number, number>();
  for (const [own, buckets] of sides)
    for (const [index, count] of buckets) {
      // Two neighbours become one bucket with each step down.
      const at = Math.ceil(index / 2 ** (own - scale));
      joined.set(at, (joined.get(at) ?? 0) + count);
    }
  return joined;
}
