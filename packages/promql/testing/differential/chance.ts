/** Chance that says the same again for the same seed (mulberry32). */
export interface Chance {
  /** From 0 up to, without, 1. */
  next(): number;
  /** A whole number from `from` to `to`, both inclusive. */
  whole(from: number, to: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** As `pick`, each in proportion to its weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** Some of them, in the order given. */
  some<T>(items: readonly T[], share: number): T[];
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const percent = (share: number) => next() * 100 < share;
  return {
    next,
    percent,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    weighted(items) {
      let rest = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, item] of items) {
        rest -= weight;
        if (rest < 0) return item;
      }
      const last = items.at(-1);
      if (!last) throw new RangeError("there is nothing to choose from");
      return last[1];
    },
    some: (items, share) => items.filter(() => percent(share)),
  };
}
