/** What a row of the legend tells of its series. */
export const reductions = ["min", "mean", "max", "last"] as const;
export type Reduction = (typeof reductions)[number];

/** One number for a series; undefined where it has none. */
export function reduced(values: readonly (number | null)[], how: Reduction): number | undefined {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return undefined;
  switch (how) {
    case "last":
      return last;
    case "mean":
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    case "min":
      return known.reduce((low, value) => Math.min(low, value), last);
    case "max":
      return known.reduce((high, value) => Math.max(high, value), last);
  }
}
