import { type Labels, labelsKey } from "@havn/model";
import { createPromqlEngine, type InstantResult, type PromqlEngine, type RangeResult } from "../engine.ts";
import { findNumber, findString } from "../parser/literals.ts";
import { parsePromql } from "../parser/parse.ts";
import { selectorsOf } from "../restrict.ts";
import { type MemoryQuerier, matches, memoryQuerier } from "./memory.ts";
import { type Command, type Expectation, parseScript } from "./script.ts";
import { parseLabels, parseSeries, staleMarker } from "./series.ts";

export interface Outcome {
  line: number;
  expr: string;
  /** "histogram": needs native histograms, which the engine does not have yet. */
  result: "passed" | "failed" | "histogram";
  reason?: string;
}

type Query = Extract<Command, { kind: "instant" | "range" }>;

/** Runs a script against the engine over a memory store; one outcome for each evaluation. */
export async function runScript(text: string): Promise<Outcome[]> {
  const querier = memoryQuerier();
  const engine = createPromqlEngine({ querier });
  const histograms: Labels[] = [];
  const outcomes: Outcome[] = [];
  for (const command of parseScript(text)) {
    switch (command.kind) {
      case "clear":
        querier.clear();
        histograms.length = 0;
        break;
      case "load":
        load(querier, command, histograms);
        break;
      case "instant":
      case "range":
        outcomes.push(await judge(engine, command, histograms));
    }
  }
  return outcomes;
}

function load(
  querier: MemoryQuerier,
  command: Extract<Command, { kind: "load" }>,
  histograms: Labels[],
): void {
  for (const line of command.series) {
    // Start timestamps of samples, which the store does not carry.
    if (/@st\s/.test(line)) continue;
    const { labels, values } = parseSeries(line);
    const timestamps: number[] = [];
    const numbers: number[] = [];
    const stale: number[] = [];
    if (values.includes("histogram")) histograms.push(labels);
    if (command.asHistograms) histograms.push(withoutBucket(labels));
    for (const [index, value] of values.entries()) {
      if (value === undefined || value === "histogram") continue;
      timestamps.push(index * command.step);
      if (value === "stale") stale.push(numbers.length);
      numbers.push(value === "stale" ? 0 : value);
    }
    const column = Float64Array.from(numbers);
    // The marker's bits must arrive untouched, so they are copied as bytes.
    for (const index of stale)
      new Uint8Array(column.buffer).set(new Uint8Array(staleMarker.buffer), index * 8);
    if (timestamps.length > 0)
      querier.addSeries({ labels, timestamps: Float64Array.from(timestamps), values: column });
  }
}

/** The series of the native histogram that a classic one would be turned into. */
function withoutBucket({ le: _, ...labels }: Labels): Labels {
  return { ...labels, __name__: labels.__name__?.replace(/_(bucket|sum|count)$/, "") ?? "" };
}

async function judge(engine: PromqlEngine, query: Query, histograms: Labels[]): Promise<Outcome> {
  const outcome = { line: query.line, expr: query.expr };
  const reason = await evaluate(engine, query).catch((cause: unknown) => `threw ${messageOf(cause)}`);
  if (reason === undefined) return { ...outcome, result: "passed" };
  const native =
    query.expected.lines.some((line) => line.includes("{{")) ||
    /histogram_(count|sum|avg|stddev|stdvar|fraction|quantiles)\b/.test(query.expr) ||
    selectsAny(query.expr, histograms);
  return { ...outcome, result: native ? "histogram" : "failed", reason };
}

/** True where a selector of the expression would find one of the native histograms. */
function selectsAny(text: string, histograms: Labels[]): boolean {
  try {
    return selectorsOf(parsePromql(text)).some(({ matchers }) =>
      histograms.some((labels) => matchers.every((matcher) => matches(labels, matcher))),
    );
  } catch {
    return false;
  }
}

/** Undefined when all is as expected, else what is not. */
async function evaluate(engine: PromqlEngine, query: Query): Promise<string | undefined> {
  const { expected } = query;
  let result: InstantResult | RangeResult;
  try {
    result =
      query.kind === "instant"
        ? await engine.instant(query.expr, query.at)
        : await engine.range(query.expr, { startMs: query.start, endMs: query.end, stepMs: query.step });
  } catch (cause) {
    return expected.fails ? compareFailure(expected, messageOf(cause)) : `failed: ${messageOf(cause)}`;
  }
  if (expected.fails) return "should have failed";
  const notes = compareNotes(expected, result);
  if (notes) return notes;
  if (query.kind === "range" || expected.rangeVector) return compareMatrix(query, result);
  return compareInstant(expected, result) ?? (await compareAsRange(engine, query));
}

function compareFailure({ failure }: Expectation, message: string): string | undefined {
  if (!failure) return undefined;
  if ("exactly" in failure) return message === failure.exactly ? undefined : `failed with: ${message}`;
  return failure.matching.test(message) ? undefined : `failed with: ${message}`;
}

function compareNotes(
  expected: Expectation,
  result: { warnings: string[]; infos: string[] },
): string | undefined {
  const wrong = (what: "some" | "none" | undefined, notes: string[]) =>
    what !== undefined && (what === "some") !== notes.length > 0;
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

function compareInstant(expected: Expectation, result: InstantResult | RangeResult): string | undefined {
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
      const actual = result.vector.map(({ labels, value }) => ({ labels, value }));
      return compareVectors(expected, actual);
    }
  }
}

function compareVectors(
  expected: Expectation,
  actual: { labels: Record<string, string>; value: number }[],
): string | undefined {
  const shown = () => actual.map(({ labels, value }) => `${JSON.stringify(labels)} ${value}`).join("; ");
  const wanted = expected.lines.map((line) => {
    const { labels, rest } = parseLabels(line);
    return { key: labelsKey(labels), value: findNumber(rest) ?? Number.NaN, line };
  });
  if (wanted.length !== actual.length) return `${actual.length} elements, not ${wanted.length}: ${shown()}`;
  for (const [index, { key, value, line }] of wanted.entries()) {
    const found = expected.ordered
      ? [actual[index]].find((element) => element && labelsKey(element.labels) === key)
      : actual.find((element) => labelsKey(element.labels) === key);
    if (!found || line.includes("{{") || !almostEqual(found.value, value)) return `not ${line}: ${shown()}`;
  }
  return undefined;
}

/** The same answer must come from the middle of a range query. */
async function compareAsRange(
  engine: PromqlEngine,
  query: Extract<Query, { kind: "instant" }>,
): Promise<string | undefined> {
  if (query.expected.ordered) return undefined;
  const window = { startMs: query.at - 60_000, endMs: query.at + 60_000, stepMs: 60_000 };
  if ((await engine.instant(query.expr, query.at)).type !== "vector") return undefined;
  const { matrix } = await engine.range(query.expr, window);
  const middle = matrix.flatMap(({ labels, timestamps, values }) => {
    const index = timestamps.indexOf(query.at);
    return index < 0 ? [] : [{ labels, value: values[index] ?? Number.NaN }];
  });
  // What depends on the query's own range or step differs of course.
  if (/\b(start|end|range|step)\s*\(\)/i.test(query.expr)) return undefined;
  const reason = compareVectors(query.expected, middle);
  return reason && `as a range: ${reason}`;
}

function compareMatrix(query: Query, result: InstantResult | RangeResult): string | undefined {
  if (result.type !== "matrix") return `a ${result.type}, not a range vector`;
  const grid = query.kind === "range" ? query : (query.expected.rangeVector ?? { start: query.at, step: 1 });
  const lines = query.expected.lines.map(parseSeries);
  const shown = () =>
    result.matrix
      .map(({ labels, values }) => `${JSON.stringify(labels)} ${[...values].join(" ")}`)
      .join("; ");
  const wanted = lines.filter(({ values }) => values.some((value) => value !== undefined));
  if (wanted.length !== result.matrix.length)
    return `${result.matrix.length} series, not ${wanted.length}: ${shown()}`;
  for (const { labels, values } of wanted) {
    const found = result.matrix.find((series) => labelsKey(series.labels) === labelsKey(labels));
    if (!found) return `no series ${JSON.stringify(labels)}: ${shown()}`;
    const points = values.flatMap((value, index) =>
      typeof value === "number" ? [{ at: grid.start + index * grid.step, value }] : [],
    );
    if (values.includes("histogram")) return "histograms are expected";
    if (points.length !== found.values.length)
      return `${found.values.length} points, not ${points.length}: ${shown()}`;
    for (const [index, point] of points.entries())
      if (found.timestamps[index] !== point.at || !almostEqual(found.values[index] ?? 0, point.value))
        return `at ${point.at}: ${found.values[index]}, not ${point.value}`;
  }
  return undefined;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
