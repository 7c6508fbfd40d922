import { type Aggregate, type Expr, unwrap, type VectorSelector } from "./ast.ts";
import { accumulators } from "./evaluate/accumulators.ts";
import type { Column, ColumnStream, Grid } from "./evaluate/columns.ts";
import { rawTier } from "./evaluate/evaluation.ts";
import { rowFunctions } from "./evaluate/rows/functions.ts";
import { findFunction } from "./functions/index.ts";
import { newReads, type Reads, type Series } from "./querier.ts";

/** What a query took, as Prometheus tells it with `stats`; times in seconds. */
export interface QueryStats {
  timings: {
    evalTotalTime: number;
    resultSortTime: number;
    queryPreparationTime: number;
    innerEvalTime: number;
    execQueueTime: number;
    execTotalTime: number;
  };
  samples: {
    /** Times in seconds. */
    totalQueryableSamplesPerStep?: [number, number][];
    totalQueryableSamples: number;
    /** Of samples read and points made, what counts towards the limit. */
    peakSamples: number;
  };
}

/** A part of a query: where it ran, how, and what came of it. */
export interface ExplainedPart {
  expression: string;
  /** `memory`, `store`, `memory and store`: who had the samples. `evaluator`: what is made of them. */
  where: "evaluator" | "memory" | "store" | "memory and store";
  how: string;
  /** That came out of it; left out for scalars. */
  series?: number;
  /** Of selectors: "raw" where samples were read, else how long the buckets are that answered. */
  tiers?: string[];
  samples?: number;
  buckets?: number;
  reads?: Reads;
  inner?: ExplainedPart[];
}

export interface ExplainedQuery {
  plan: ExplainedPart;
  /** In milliseconds: for its turn, for samples, for the rest. */
  timings: { waited: number; read: number; evaluated: number };
}

interface Selected {
  series: number;
  samples: number;
  buckets: number;
  tiers: Set<string>;
  reads: Reads;
}

/** Follows one query for who wants to know what it took. `now` is a clock in milliseconds. */
export class QueryTrace {
  readonly now: () => number;
  readonly #begun: number;
  readonly #selected = new Map<VectorSelector, Selected>();
  readonly #columns = new Map<Expr, number>();
  #expr: Expr | undefined;
  #text = "";
  #grid: Grid = { start: 0, step: 0, count: 0 };
  #perStep = new Float64Array(0);
  #entered: number;
  #parsed: number;
  #ended: number;
  #reading = 0;
  #samples = 0;

  constructor(now: () => number) {
    this.now = now;
    this.#begun = now();
    this.#entered = this.#begun;
    this.#parsed = this.#begun;
    this.#ended = this.#begun;
  }

  /** It is its turn. */
  entered(): void {
    this.#entered = this.now();
  }

  begins(query: { parsed: Expr; text: string }, grid: Grid): void {
    this.#expr = query.parsed;
    this.#text = query.text;
    this.#grid = grid;
    this.#perStep = new Float64Array(grid.count);
    this.#parsed = this.now();
  }

  /** `samples`: read and made. */
  ends(samples: number): void {
    this.#samples = samples;
    this.#ended = this.now();
  }

  /** What a store tells of reading a selector's samples; a selector may be read more than once. */
  selected(node: VectorSelector): Selected {
    const known = this.#selected.get(node) ?? newSelected();
    this.#selected.set(node, known);
    return known;
  }

  /** Series came; `asked` is since when they were waited for. */
  read(selected: Selected, batch: readonly Series[], asked: number): void {
    this.#reading += this.now() - asked;
    selected.series += batch.length;
    for (const { values } of batch) selected.samples += values.length;
  }

  /** Whether samples at the moments of this grid count: those of subqueries count where a window holds them. */
  counts({ start, step, count }: Grid): boolean {
    return start === this.#grid.start && step === this.#grid.step && count === this.#grid.count;
  }

  /** Samples that a query looks at, at each moment. */
  look(samplesAt: (step: number) => number): void {
    for (let i = 0; i < this.#perStep.length; i++) this.#perStep[i] = (this.#perStep[i] ?? 0) + samplesAt(i);
  }

  /** Counts what comes out of a part. */
  async *counted(expr: Expr, stream: ColumnStream): AsyncGenerator<Iterable<Column>> {
    this.#columns.set(expr, this.#columns.get(expr) ?? 0);
    for await (const batch of stream) yield this.#countedBatch(expr, batch);
  }

  *#countedBatch(expr: Expr, batch: Iterable<Column>): Generator<Column> {
    for (const column of batch) {
      this.#columns.set(expr, (this.#columns.get(expr) ?? 0) + 1);
      yield column;
    }
  }

  stats({ perStep }: { perStep: boolean }): QueryStats {
    const seconds = (from: number, to: number) => Math.max(0, to - from) / 1000;
    const { start, step } = this.#grid;
    return {
      timings: {
        evalTotalTime: seconds(this.#entered, this.#ended),
        resultSortTime: 0,
        queryPreparationTime: this.#reading / 1000,
        innerEvalTime: Math.max(0, seconds(this.#parsed, this.#ended) - this.#reading / 1000),
        execQueueTime: seconds(this.#begun, this.#entered),
        execTotalTime: seconds(this.#begun, this.#ended),
      },
      samples: {
        ...(perStep && {
          totalQueryableSamplesPerStep: Array.from(this.#perStep, (count, i): [number, number] => [
            (start + i * step) / 1000,
            count,
          ]),
        }),
        totalQueryableSamples: this.#perStep.reduce((sum, count) => sum + count, 0),
        peakSamples: this.#samples,
      },
    };
  }

  explain(): ExplainedQuery {
    if (!this.#expr) throw new TypeError("the query was not evaluated");
    return {
      plan: this.#part(this.#expr),
      timings: {
        waited: this.#entered - this.#begun,
        read: this.#reading,
        evaluated: Math.max(0, this.#ended - this.#entered - this.#reading),
      },
    };
  }

  #part(expr: Expr): ExplainedPart {
    const node = unwrap(expr);
    if (node.kind === "matrix") return this.#part(node.selector);
    const expression = this.#text.slice(node.from, node.to);
    if (node.kind === "selector") return { expression, ...partOf(this.selected(node)) };
    const series = this.#columns.get(node);
    const inner = innerOf(node).map((each) => this.#part(each));
    return {
      ...{ expression, where: "evaluator", how: howOf(node) },
      ...(series !== undefined && { series }),
      ...(inner.length > 0 && { inner }),
    };
  }
}

const newSelected = (): Selected => ({
  ...{ series: 0, samples: 0, buckets: 0 },
  ...{ tiers: new Set(), reads: newReads() },
});

/** A selector. Buckets are never remembered, and what reads them does not tell of it. */
function partOf({ series, samples, buckets, tiers, reads }: Selected): Omit<ExplainedPart, "expression"> {
  const kept = Array.from(tiers).filter((tier) => tier !== rawTier);
  if (kept.length > 0) {
    const how = `what is kept of each ${kept.join(" and ")} of the series that match`;
    return {
      ...{ where: "store", how, series, tiers: Array.from(tiers) },
      ...(samples > 0 && { samples }),
      ...(buckets > 0 && { buckets }),
    };
  }
  const where =
    reads.store.queries === 0 ? "memory" : reads.memory.samples > 0 ? "memory and store" : "store";
  const how = "the samples of the series that match";
  return { where, how, series, tiers: Array.from(tiers), samples, reads };
}

function innerOf(node: Exclude<Expr, { kind: "parenthesis" }>): Expr[] {
  switch (node.kind) {
    case "number":
    case "string":
    case "selector":
    case "matrix":
      return [];
    case "subquery":
    case "unary":
      return [node.inner];
    case "call":
      return node.arguments.filter(isPart);
    case "aggregate":
      return [...(node.parameter && isPart(node.parameter) ? [node.parameter] : []), node.inner];
    case "binary":
      return [node.left, node.right].filter(isPart);
  }
}

const isPart = (expr: Expr) => !["number", "string"].includes(unwrap(expr).kind);

function howOf(node: Exclude<Expr, { kind: "parenthesis" | "selector" | "matrix" }>): string {
  switch (node.kind) {
    case "number":
    case "string":
      return "as it is written";
    case "subquery":
      return "moment by moment, held until its windows were read";
    case "unary":
      return "series by series";
    case "binary":
      return "series of both sides put together by their labels";
    case "aggregate":
      return howAggregated(node);
    case "call":
      if (rowFunctions[node.name])
        return "a whole series at once, windows found once for all with the same times";
      return findFunction(node.name)?.kind === "range" ? "window by window" : "over all its series";
  }
}

function howAggregated({ operator }: Aggregate): string {
  if (accumulators[operator]) return "group by group while series come; none of them is held";
  if (operator === "topk" || operator === "bottomk") return "the best of each moment while series come";
  return "over all series of a group, which are held";
}
