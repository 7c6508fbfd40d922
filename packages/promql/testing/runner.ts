import type { Expr } from "../ast.ts";
import { createPromqlEngine, type InstantResult, type PromqlEngine, type RangeResult } from "../engine.ts";
import { parsePromql } from "../parser/parse.ts";
import type { Querier, Series } from "../querier.ts";
import { asCustomHistograms, hintsAsStored } from "../written/histograms.ts";
import { parseSeries, staleMarker, type WrittenSeries } from "../written/series.ts";
import {
  compareFailure,
  compareInstant,
  compareMatrix,
  compareNotes,
  compareVectors,
  type Element,
} from "./compare.ts";
import { memoryQuerier } from "./memory.ts";
import { pinned } from "./pinned.ts";
import { type Command, parseScript } from "./script.ts";
import { parseStarts } from "./starts.ts";

export interface Outcome {
  line: number;
  expr: string;
  result: "passed" | "failed";
  reason?: string;
}

type Query = Extract<Command, { kind: "instant" | "range" }>;

/** Where a script's series are put and read again. */
export interface ScriptStore {
  readonly querier: Querier;
  addSeries(series: Series): void;
  clear(): void;
  /** Makes what was added visible. */
  flush?(): Promise<void>;
}

const memoryStore = (): ScriptStore => {
  const querier = memoryQuerier();
  return { querier, addSeries: querier.addSeries, clear: querier.clear };
};

/** Runs a script against the engine over a store; one outcome for each evaluation. */
export async function runScript(text: string, store: ScriptStore = memoryStore()): Promise<Outcome[]> {
  const engine = createPromqlEngine({ querier: store.querier });
  const outcomes: Outcome[] = [];
  for (const command of parseScript(text)) {
    switch (command.kind) {
      case "clear":
        store.clear();
        break;
      case "load":
        load(store, command);
        await store.flush?.();
        break;
      case "instant":
      case "range":
        outcomes.push(await judge(engine, command));
    }
  }
  return outcomes;
}

function load(into: ScriptStore, command: Extract<Command, { kind: "load" }>): void {
  const written: Pick<WrittenSeries, "labels" | "values">[] = [];
  let starts: (number | undefined)[] | undefined;
  for (const line of command.series) {
    // A line `metric{…}@st …` tells since when the samples of the next line count.
    const match = /^(\S+)@st\s(.*)$/.exec(line);
    if (match) {
      starts = parseStarts(match[2] ?? "");
      continue;
    }
    const series = parseSeries(line);
    put(into, { ...series, step: command.step, starts });
    written.push(series);
    starts = undefined;
  }
  if (command.asHistograms)
    for (const series of asCustomHistograms(written)) put(into, { ...series, step: command.step });
}

function put(
  into: ScriptStore,
  series: {
    labels: WrittenSeries["labels"];
    values: readonly WrittenSeries["values"][number][];
    step: number;
    starts?: readonly (number | undefined)[] | undefined;
  },
): void {
  const samples = hintsAsStored(series.values).flatMap((value, i) =>
    value === undefined ? [] : [{ value, time: i * series.step, start: series.starts?.[i] }],
  );
  if (samples.length === 0) return;
  const values = Float64Array.from(samples, ({ value }) => (typeof value === "number" ? value : 0));
  // The marker's bits must arrive untouched, so they are copied as bytes.
  for (const [i, { value }] of samples.entries())
    if (value === "stale") new Uint8Array(values.buffer).set(new Uint8Array(staleMarker.buffer), i * 8);
  const histograms = samples.map(({ value }) => (typeof value === "object" ? value : undefined));
  into.addSeries({
    labels: series.labels,
    timestamps: Float64Array.from(samples, ({ time }) => time),
    values,
    ...(histograms.some((histogram) => histogram) && { histograms }),
    ...(series.starts && {
      startTimestamps: Float64Array.from(samples, ({ time, start }) =>
        start === undefined ? 0 : time + start,
      ),
    }),
  });
}

async function judge(engine: PromqlEngine, query: Query): Promise<Outcome> {
  const outcome = { line: query.line, expr: query.expr };
  const reason = await evaluate(engine, query).catch((cause: unknown) => `threw ${messageOf(cause)}`);
  return reason === undefined ? { ...outcome, result: "passed" } : { ...outcome, result: "failed", reason };
}

/** Undefined when all is as expected, else what is not. */
async function evaluate(engine: PromqlEngine, query: Query): Promise<string | undefined> {
  if (query.kind === "range") {
    const window = { startMs: query.start, endMs: query.end, stepMs: query.step };
    return judgeResult(query, () => engine.range(query.expr, window));
  }
  const reason = await evaluateAt(engine, query, { expr: query.expr, at: query.at });
  if (reason !== undefined || query.expected.fails) return reason;
  // With every selector held at that moment, the same must come at other moments.
  const held = pinned(parsePromql(query.expr), query.at / 1000);
  if (!held) return undefined;
  const { at } = query;
  for (const other of at === 0 ? [-1000, 1000] : [-10 * at, 0, at / 5, at, 10 * at]) {
    const difference = await evaluateAt(engine, query, { expr: held, at: other });
    if (difference !== undefined) return `held by @, at ${other}: ${difference}`;
  }
  return undefined;
}

type InstantQuery = Extract<Query, { kind: "instant" }>;

async function evaluateAt(
  engine: PromqlEngine,
  query: InstantQuery,
  { expr, at }: { expr: string | Expr; at: number },
): Promise<string | undefined> {
  const run = () => engine.instant(expr, at, { text: query.expr });
  return (
    (await judgeResult(query, run)) ??
    (query.expected.fails ? undefined : await compareAsRange(engine, query, { expr, at }))
  );
}

async function judgeResult(
  query: Query,
  run: () => Promise<InstantResult | RangeResult>,
): Promise<string | undefined> {
  const { expected } = query;
  let result: InstantResult | RangeResult;
  try {
    result = await run();
  } catch (cause) {
    return expected.fails ? compareFailure(expected, messageOf(cause)) : `failed: ${messageOf(cause)}`;
  }
  if (expected.fails) return "should have failed";
  const notes = compareNotes(expected, result);
  if (notes) return notes;
  return query.kind === "range" || expected.rangeVector
    ? compareMatrix(query, result)
    : compareInstant(expected, result);
}

/** The same answer must come from the middle of a range query. */
async function compareAsRange(
  engine: PromqlEngine,
  query: InstantQuery,
  { expr, at }: { expr: string | Expr; at: number },
): Promise<string | undefined> {
  if (query.expected.ordered) return undefined;
  // What depends on the query's own range or step differs of course.
  if (/\b(start|end|range|step)\s*\(\)/i.test(query.expr)) return undefined;
  if ((await engine.instant(expr, at)).type !== "vector") return undefined;
  const window = { startMs: at - 60_000, endMs: at + 60_000, stepMs: 60_000 };
  const { matrix } = await engine.range(expr, window);
  const middle = matrix.flatMap(({ labels, timestamps, values, histograms }): Element[] => {
    const histogram = histograms?.find(({ timestamp }) => timestamp === at)?.histogram;
    if (histogram) return [{ labels, value: histogram }];
    const index = timestamps.indexOf(at);
    return index < 0 ? [] : [{ labels, value: values[index] ?? Number.NaN }];
  });
  const reason = compareVectors(query.expected, middle);
  return reason && `as a range: ${reason}`;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
