import { type Labels, labelsKey } from "@havn/model";
import type { InstantResult, PromqlEngine, QueryOptions, RangeResult } from "../../engine.ts";
import { PromqlError } from "../../errors.ts";
import { bucketsOf } from "../../histogram/walk.ts";
import type { Histogram } from "../../querier.ts";
import type { GeneratedQuery } from "./generate.ts";

/** A native histogram as Prometheus' HTTP API shows it: buckets as [lower, upper, count]. */
export interface ShownHistogram {
  count: number;
  sum: number;
  buckets: (readonly [lower: number, upper: number, count: number])[];
}
export interface AnswerSeries {
  labels: Labels;
  /** By time in milliseconds. */
  points: Map<number, number | ShownHistogram>;
}
/** What whoever was asked said. Series stand in the order in which they came. */
export type Answer =
  | { kind: "failed"; message: string }
  | { kind: "answered"; type: "scalar" | "string" | "vector" | "matrix"; series: AnswerSeries[] };

/** What our engine says. Only a PromqlError is an answer; anything else is thrown. */
export async function askEngine(
  engine: PromqlEngine,
  query: GeneratedQuery,
  options: QueryOptions = {},
): Promise<Answer> {
  const { startMs, endMs, stepMs } = query;
  const text = inVersion3(query.text);
  try {
    if (stepMs === 0) return ofInstant(await engine.instant(text, startMs, options));
    return ofMatrix(await engine.range(text, { startMs, endMs, stepMs }, options));
  } catch (cause) {
    if (cause instanceof PromqlError) return { kind: "failed", message: cause.message };
    throw cause;
  }
}

/** What version 3 calls otherwise. */
export const inVersion3 = (text: string) => text.replaceAll("holt_winters", "double_exponential_smoothing");
export const inVersion2 = (text: string) => text.replaceAll("double_exponential_smoothing", "holt_winters");

function ofInstant(result: InstantResult): Answer {
  switch (result.type) {
    case "matrix":
      return ofMatrix(result);
    case "vector":
      return {
        kind: "answered",
        type: "vector",
        series: result.vector.map(({ labels, timestamp, value, histogram }) => ({
          labels,
          points: new Map([[timestamp, histogram ? shown(histogram) : value]]),
        })),
      };
    case "scalar":
      return answerOfOne("scalar", result.timestamp, result.value);
    case "string":
      return answerOfOne("string", result.timestamp, Number.NaN);
  }
}

const answerOfOne = (type: "scalar" | "string", time: number, value: number): Answer => ({
  ...{ kind: "answered", type },
  series: [{ labels: {}, points: new Map([[time, value]]) }],
});

function ofMatrix({ matrix }: Pick<RangeResult, "matrix">): Answer {
  const series = matrix.map(({ labels, timestamps, values, histograms = [] }) => ({
    labels,
    points: new Map<number, number | ShownHistogram>([
      ...Array.from(timestamps, (time, i) => [time, values[i] ?? Number.NaN] as const),
      ...histograms.map(({ timestamp, histogram }) => [timestamp, shown(histogram)] as const),
    ]),
  }));
  return { kind: "answered", type: "matrix", series };
}

const shown = (histogram: Histogram): ShownHistogram => ({
  count: histogram.count,
  sum: histogram.sum,
  buckets: bucketsOf(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, count }) => [lower, upper, count]),
});

/** How two answers differ, in words; undefined where they agree to 1e-9 of the value. */
export function differenceOf(ours: Answer, theirs: Answer, ordered: boolean): string | undefined {
  if (ours.kind === "failed" || theirs.kind === "failed") {
    if (ours.kind === theirs.kind) return undefined;
    return ours.kind === "failed"
      ? `we failed: ${ours.message}`
      : `they failed: ${theirs.kind === "failed" ? theirs.message : ""}`;
  }
  if (ours.type !== theirs.type) return `we answer a ${ours.type}, they a ${theirs.type}`;
  const byLabels = new Map(theirs.series.map((series) => [labelsKey(series.labels), series]));
  if (byLabels.size !== theirs.series.length) return "they answer one series twice";
  if (ours.series.length !== theirs.series.length)
    return `we answer ${ours.series.length} series, they ${theirs.series.length}`;
  for (const [place, own] of ours.series.entries()) {
    const key = labelsKey(own.labels);
    const other = byLabels.get(key);
    if (!other) return `only we answer ${JSON.stringify(own.labels)}`;
    const points = pointDifference(own, other);
    if (points) return points;
    if (ordered && labelsKey(theirs.series[place]?.labels ?? {}) !== key && !isTie(theirs.series[place], own))
      return `at place ${place} we answer ${JSON.stringify(own.labels)}`;
  }
  return undefined;
}

function pointDifference(own: AnswerSeries, other: AnswerSeries): string | undefined {
  const where = JSON.stringify(own.labels);
  for (const [time, value] of own.points) {
    const theirs = other.points.get(time);
    if (theirs === undefined) return `${where} at ${time}: we say ${show(value)}, they nothing`;
    if (!sameValue(value, theirs)) return `${where} at ${time}: we say ${show(value)}, they ${show(theirs)}`;
  }
  for (const [time, value] of other.points)
    if (!own.points.has(time)) return `${where} at ${time}: we say nothing, they ${show(value)}`;
  return undefined;
}

/** Equal values stand in any order. */
function isTie(one: AnswerSeries | undefined, other: AnswerSeries): boolean {
  const [a] = one?.points.values() ?? [];
  const [b] = other.points.values();
  return a !== undefined && b !== undefined && sameValue(a, b);
}

const show = (value: number | ShownHistogram) => (typeof value === "number" ? value : JSON.stringify(value));

function sameValue(a: number | ShownHistogram, b: number | ShownHistogram): boolean {
  if (typeof a === "number" || typeof b === "number")
    return typeof a === "number" && typeof b === "number" && sameNumber(a, b);
  return (
    sameNumber(a.count, b.count) &&
    sameNumber(a.sum, b.sum) &&
    a.buckets.length === b.buckets.length &&
    a.buckets.flat().every((number, i) => sameNumber(number, b.buckets.flat()[i] ?? Number.NaN))
  );
}

export const sameNumber = (a: number, b: number): boolean =>
  a === b ||
  (Number.isNaN(a) && Number.isNaN(b)) ||
  Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
