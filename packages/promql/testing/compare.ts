import { type Labels, labelsKey } from "@havn/model";
import type { InstantResult, RangeResult } from "../engine.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { formatHistogram } from "../histogram/walk.ts";
import { findNumber, findString } from "../parser/literals.ts";
import { histogramsMatch } from "../written/histograms.ts";
import { parseSeries } from "../written/series.ts";
import type { Command, Expectation, Note, Text } from "./script.ts";

type Query = Extract<Command, { kind: "instant" | "range" }>;
type Value = number | Histogram;

/** An element of an instant vector. */
export interface Element {
  labels: Labels;
  value: Value;
}

const says = (message: string, wording: Text): boolean =>
  "exactly" in wording ? message === wording.exactly : wording.matching.test(message);

export function compareFailure({ failure }: Expectation, message: string): string | undefined {
  return !failure || says(message, failure) ? undefined : `failed with: ${message}`;
}

export function compareNotes(
  expected: Expectation,
  result: { warnings: string[]; infos: string[] },
): string | undefined {
  const wrong = (wanted: readonly Note[] | undefined, told: readonly string[]) => {
    if (!wanted) return false;
    const fits = (note: Note, message: string) => note === undefined || says(message, note);
    return (
      !wanted.every((note) => told.some((message) => fits(note, message))) ||
      !told.every((message) => wanted.some((note) => fits(note, message)))
    );
  };
  if (wrong(expected.warnings, result.warnings)) return `warnings: ${JSON.stringify(result.warnings)}`;
  if (wrong(expected.infos, result.infos)) return `infos: ${JSON.stringify(result.infos)}`;
  return undefined;
}

function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < 2.3e-308) return difference < 1e-6 * 2.3e-308;
  return difference / Math.min(size, Number.MAX_VALUE) < 1e-6;
}

function valuesMatch(wanted: Value, actual: Value, hint: boolean): boolean {
  if (typeof wanted === "number" || typeof actual === "number")
    return typeof wanted === "number" && typeof actual === "number" && almostEqual(wanted, actual);
  return histogramsMatch(wanted, actual, { hint, equal: almostEqual });
}

const show = (value: Value): string =>
  typeof value === "number" ? String(value) : `${formatHistogram(value)} ${value.schema} ${value.hint}`;

export function compareInstant(
  expected: Expectation,
  result: InstantResult | RangeResult,
): string | undefined {
  switch (result.type) {
    case "string":
      return result.value === findString(expected.string ?? "")
        ? undefined
        : `string ${JSON.stringify(result.value)}`;
    case "scalar": {
      const wanted = findNumber(expected.lines[0] ?? "");
      return wanted !== undefined && almostEqual(wanted, result.value) ? undefined : `scalar ${result.value}`;
    }
    case "matrix":
      return "a range vector was not expected";
    case "vector": {
      const actual = result.vector.map(({ labels, value, histogram }) => ({
        labels,
        value: histogram ?? value,
      }));
      return compareVectors(expected, actual);
    }
  }
}

export function compareVectors(expected: Expectation, actual: readonly Element[]): string | undefined {
  const shown = () =>
    actual.map(({ labels, value }) => `${JSON.stringify(labels)} ${show(value)}`).join("; ");
  const wanted = expected.lines.map((line) => ({ ...parseSeries(line), line }));
  if (wanted.length !== actual.length) return `${actual.length} elements, not ${wanted.length}: ${shown()}`;
  for (const [index, { labels, values, hinted, line }] of wanted.entries()) {
    const key = labelsKey(labels);
    const found = expected.ordered
      ? [actual[index]].find((element) => element && labelsKey(element.labels) === key)
      : actual.find((element) => labelsKey(element.labels) === key);
    const [value] = values;
    if (!found || value === undefined || value === "stale") return `not ${line}: ${shown()}`;
    if (!valuesMatch(value, found.value, hinted[0] ?? false)) return `not ${line}: ${shown()}`;
  }
  return undefined;
}

export function compareMatrix(query: Query, result: InstantResult | RangeResult): string | undefined {
  if (result.type !== "matrix") return `a ${result.type}, not a range vector`;
  const grid = query.kind === "range" ? query : (query.expected.rangeVector ?? { start: query.at, step: 1 });
  const wanted = query.expected.lines
    .map(parseSeries)
    .filter(({ values }) => values.some((value) => value !== undefined));
  const actual = result.matrix.map(({ labels, timestamps, values, histograms = [] }) => ({
    labels,
    points: new Map<number, Value>([
      ...Array.from(timestamps, (time, i): [number, Value] => [time, values[i] ?? Number.NaN]),
      ...histograms.map(({ timestamp, histogram }): [number, Value] => [timestamp, histogram]),
    ]),
  }));
  const shown = () =>
    actual
      .map(({ labels, points }) => `${JSON.stringify(labels)} ${[...points.values()].map(show).join(" ")}`)
      .join("; ");
  if (wanted.length !== actual.length) return `${actual.length} series, not ${wanted.length}: ${shown()}`;
  for (const { labels, values, hinted } of wanted) {
    const found = actual.find((series) => labelsKey(series.labels) === labelsKey(labels));
    if (!found) return `no series ${JSON.stringify(labels)}: ${shown()}`;
    const points = values.flatMap((value, i) =>
      value === undefined || value === "stale"
        ? []
        : [{ at: grid.start + i * grid.step, value, hint: hinted[i] ?? false }],
    );
    if (points.length !== found.points.size)
      return `${found.points.size} points, not ${points.length}: ${shown()}`;
    for (const { at, value, hint } of points) {
      const point = found.points.get(at);
      if (point === undefined || !valuesMatch(value, point, hint))
        return `at ${at}: ${point === undefined ? "nothing" : show(point)}, not ${show(value)}`;
    }
  }
  return undefined;
}
