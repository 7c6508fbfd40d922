import { type AnswerSeries, parseValue } from "./answer.ts";

/** Counts by time and bucket. Row r lies between `edges[r]` and `edges[r + 1]`. */
export interface Heatmap {
  times: number[];
  /** Ascending; the outermost may be infinite. */
  edges: number[];
  /** One row a time: counts of the buckets from the lowest up. */
  counts: Float64Array[];
  most: number;
}

/** Classic histograms (series by `le`) and native ones become one picture; several series are added up. */
export function heatmapOf(
  series: readonly AnswerSeries[],
  times: readonly number[],
  step: number,
): Heatmap | undefined {
  const start = times[0] ?? 0;
  const index = (time: number) => Math.round((time - start) / step);
  const cells = [...classicCells(series, index), ...nativeCells(series, index)].filter(
    ({ at }) => at >= 0 && at < times.length,
  );
  if (cells.length === 0) return undefined;
  const edges = [...new Set(cells.flatMap(({ lower, upper }) => [lower, upper]))].sort((a, b) => a - b);
  const rowOf = new Map(edges.map((edge, row) => [edge, row]));
  const counts = times.map(() => new Float64Array(Math.max(0, edges.length - 1)));
  for (const { at, lower, upper, count } of cells) {
    const [from = 0, to = 0] = [rowOf.get(lower), rowOf.get(upper)];
    const row = counts[at];
    // A wide bucket beside narrower ones is spread over what they divide it into.
    if (row) for (let r = from; r < to; r++) row[r] = (row[r] ?? 0) + count / (to - from);
  }
  const most = counts.reduce((high, row) => row.reduce((a, b) => Math.max(a, b), high), 0);
  return { times: [...times], edges, counts, most };
}

interface Cell {
  at: number;
  lower: number;
  upper: number;
  count: number;
}

/** `le` counts everything up to it: what lies between two neighbours is their difference. */
function classicCells(series: readonly AnswerSeries[], index: (time: number) => number): Cell[] {
  const groups = Map.groupBy(
    series.filter(({ metric, values }) => metric.le !== undefined && values),
    ({ metric: { le, ...rest } }) => JSON.stringify(Object.entries(rest).sort()),
  );
  const cells: Cell[] = [];
  for (const group of groups.values()) {
    const bounds = group
      .map(({ metric, values }) => ({ upper: parseValue(metric.le ?? ""), values: values ?? [] }))
      .filter(({ upper }) => !Number.isNaN(upper))
      .sort((a, b) => a.upper - b.upper);
    const lowest = bounds[0]?.upper ?? 0;
    let lower = lowest > 0 ? 0 : Number.NEGATIVE_INFINITY;
    let below = new Map<number, number>();
    for (const { upper, values } of bounds) {
      const counts = new Map(values.map(([time, text]) => [index(time), parseValue(text)]));
      for (const [at, count] of counts) {
        const own = count - (below.get(at) ?? 0);
        if (own > 0 && Number.isFinite(own)) cells.push({ at, lower, upper, count: own });
      }
      // Bounds that have seen nothing yet are edges all the same.
      if (upper > lower) cells.push({ at: 0, lower, upper, count: 0 });
      lower = upper;
      below = counts;
    }
  }
  return cells;
}

function nativeCells(series: readonly AnswerSeries[], index: (time: number) => number): Cell[] {
  const cells: Cell[] = [];
  for (const { histograms = [] } of series)
    for (const [time, { buckets = [] }] of histograms)
      for (const [, lower, upper, count] of buckets) {
        const cell = {
          at: index(time),
          lower: parseValue(lower),
          upper: parseValue(upper),
          count: parseValue(count),
        };
        if (cell.count > 0 && cell.upper > cell.lower) cells.push(cell);
      }
  return cells;
}

/** Where a value lies among the edges, in rows from the lowest; between two edges in proportion. */
export function rowAt(edges: readonly number[], value: number): number {
  const above = edges.findIndex((edge) => edge >= value);
  if (above === -1) return Math.max(0, edges.length - 1);
  if (above === 0) return 0;
  const [lower = 0, upper = 0] = [edges[above - 1], edges[above]];
  return Number.isFinite(lower) && Number.isFinite(upper)
    ? above - 1 + (value - lower) / (upper - lower)
    : above - 0.5;
}
