import { momentsOf, type Window } from "./window.ts";

export type Labels = Readonly<Record<string, string>>;

/** A bucket of a native histogram: which bounds belong to it, lower, upper, count. */
export type NativeBucket = [number, string, string, string];
export interface NativeHistogram {
  count: string;
  sum: string;
  buckets?: NativeBucket[];
}

/** One series of a Prometheus answer; times are in seconds, values are text. */
export interface AnswerSeries {
  metric: Labels;
  value?: [number, string];
  values?: [number, string][];
  histogram?: [number, NativeHistogram];
  histograms?: [number, NativeHistogram][];
}

/** What an answer stands on: "raw" for samples, else how long the buckets are, such as "5m". */
export interface TierUse {
  resolution: string;
  /** As samples would have answered. */
  exact: boolean;
}

export interface Answer {
  type: "vector" | "matrix" | "scalar" | "string";
  series: AnswerSeries[];
  warnings: string[];
  infos: string[];
  tiers: TierUse[];
  /** Milliseconds from asking to having it. */
  tookMs: number;
}

/** What several answers stand on, samples first. */
export function tiersOf(answers: readonly (Answer | undefined)[]): TierUse[] {
  const exact = new Map<string, boolean>();
  for (const tier of answers.flatMap((answer) => answer?.tiers ?? []))
    exact.set(tier.resolution, tier.exact && (exact.get(tier.resolution) ?? true));
  return Array.from(exact, ([resolution, all]) => ({ resolution, exact: all })).sort(
    (a, b) => Number(b.resolution === "raw") - Number(a.resolution === "raw"),
  );
}

export interface FrameSeries {
  /** Number of the query that it answers. */
  query: number;
  metric: Labels;
  /** One a moment; null where there is none. */
  values: (number | null)[];
}

/** Series on one common grid of moments, in seconds. */
export interface Frame {
  times: number[];
  series: FrameSeries[];
}

/** Puts the answers to several queries over the same window on its grid. */
export function frameOf(answers: readonly (Answer | undefined)[], window: Window): Frame {
  const times = momentsOf(window);
  const series = answers.flatMap((answer, query) =>
    (answer?.series ?? []).flatMap((one) =>
      one.values ? [{ query, metric: one.metric, values: onGrid(one.values, times, window) }] : [],
    ),
  );
  return { times, series };
}

function onGrid(values: readonly [number, string][], times: readonly number[], { start, step }: Window) {
  const row: (number | null)[] = new Array(times.length).fill(null);
  for (const [time, text] of values) {
    const at = Math.round((time - start) / step);
    const value = parseValue(text);
    // A line cannot be drawn to what is not finite: there it has a gap.
    if (at >= 0 && at < row.length && Number.isFinite(value)) row[at] = value;
  }
  return row;
}

/** Prometheus writes `+Inf`, `-Inf` and `NaN`. */
export function parseValue(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** The newest value of each series, whatever kind of answer it is. */
export function latest(
  answer: Answer,
): { metric: Labels; value: string; at: number; histogram?: NativeHistogram }[] {
  return answer.series.map(({ metric, value, values, histogram, histograms }) => {
    const [at, text] = value ?? values?.at(-1) ?? [0, ""];
    const newest = histogram ?? histograms?.at(-1);
    return newest && newest[0] >= at
      ? { metric, at: newest[0], value: newest[1].count, histogram: newest[1] }
      : { metric, at, value: text };
  });
}

/** Where a message of the server points in a query: `1:6` becomes an offset. */
export function placeOf(message: string, text: string): { from: number; to: number } | undefined {
  const found = /(?:^|[\s("])(\d+):(\d+)(?::|\)|$)/.exec(message);
  if (!found) return undefined;
  const [line, column] = [Number(found[1]), Number(found[2])];
  const lines = text.split("\n");
  if (line < 1 || line > lines.length) return undefined;
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const from = Math.min(text.length, before + column - 1);
  const word = /^[\w:]+/.exec(text.slice(from))?.[0].length ?? 1;
  return { from, to: Math.min(text.length, from + Math.max(1, word)) };
}
