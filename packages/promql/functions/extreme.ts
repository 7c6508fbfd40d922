import type { Window } from "./define.ts";

/**
 * Gives the index of the greatest (or least) value in windows that only move forward; NaN only where there is nothing
 * else. Each value is looked at twice at most, however wide the windows are.
 */
export function slidingExtreme(
  values: Float64Array,
  which: { greatest: boolean; latest: boolean },
): (window: Window) => number {
  // Indexes of values that may still become the answer, the best first: one goes when a better one comes after it.
  const queue = new Int32Array(values.length);
  let [head, tail, next] = [0, 0, 0];
  const yields = (held: number, value: number) =>
    which.greatest
      ? value > held || (which.latest && value === held)
      : value < held || (which.latest && value === held);
  return ({ from, to }) => {
    for (; next < to; next++) {
      const value = values[next] ?? 0;
      if (Number.isNaN(value)) continue;
      while (tail > head && yields(values[queue[tail - 1] ?? 0] ?? 0, value)) tail--;
      queue[tail++] = next;
    }
    while (head < tail && (queue[head] ?? 0) < from) head++;
    return head < tail ? (queue[head] ?? 0) : to - 1;
  };
}
