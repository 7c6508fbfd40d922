import type { Labels } from "@havn/model";
import { type Aggregate, type Expr, unwrap } from "../ast.ts";
import { executionError } from "../errors.ts";
import { ignoredInAggregation, type Notes } from "../notes.ts";
import { type Accumulator, accumulators } from "./accumulators.ts";
import { type Column, floatsOf, type Grid } from "./columns.ts";
import { evaluateScalar, streamVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { countValues, quantiles } from "./grouped.ts";
import { Groups } from "./groups.ts";
import { fewEnough, Ranking, selectRanked } from "./ranked.ts";
import { shareOf } from "./share.ts";

export interface Group {
  labels: Labels;
  columns: Column[];
}

/** Groups come in the order in which their first series does. */
export async function* streamAggregate(
  e: Evaluation,
  expr: Aggregate,
  grid: Grid,
): AsyncGenerator<Iterable<Column>> {
  const open = accumulators[expr.operator];
  if (open) yield* accumulate(e, { expr, grid, open });
  else yield await aggregateGroups(e, expr, grid);
}

async function* accumulate(
  e: Evaluation,
  { expr, grid, open }: { expr: Aggregate; grid: Grid; open: (count: number, notes: Notes) => Accumulator },
): AsyncGenerator<Column[]> {
  const groups = new Groups(expr, (labels) => ({
    labels,
    accumulator: open(grid.count, e.notes(expr.inner)),
    dropName: false,
  }));
  for await (const batch of streamVector(e, expr.inner, grid, { reuse: true }))
    for (const column of batch) {
      const group = groups.of(column.labels);
      group.dropName ||= column.dropName;
      group.accumulator.add(column);
    }
  yield groups.all.map(({ labels, accumulator, dropName }) => ({
    labels,
    ...accumulator.finish(),
    dropName,
  }));
}

async function aggregateGroups(e: Evaluation, expr: Aggregate, grid: Grid): Promise<Column[]> {
  const parameter = expr.parameter && unwrap(expr.parameter);
  if (!parameter) throw executionError(`${expr.operator} needs a parameter`);
  if (parameter.kind === "string") {
    const name = labelName(e, parameter);
    const isLeftOut = expr.without && expr.grouping.includes(name);
    return countValues(await groupsOf(e, expr, grid), grid, isLeftOut ? undefined : name);
  }
  const scalars = await evaluateScalar(e, parameter, grid);
  switch (expr.operator) {
    case "quantile": {
      const groups = await groupsOf(e, expr, grid);
      for (const q of scalars)
        if (!(q >= 0 && q <= 1))
          e.warn(`quantile value should be between 0 and 1, got ${formatInvalid(q)}`, parameter);
      return quantiles(groups, grid, scalars);
    }
    case "limit_ratio":
      return shareOf(e, await groupsOf(e, expr, grid), { ratios: scalars, at: parameter });
    case "topk":
    case "bottomk":
      if (!scalars.some((limit) => limit > fewEnough || Number.isNaN(limit)))
        return rank(e, expr, { grid, limits: scalars });
  }
  const groups = await groupsOf(e, expr, grid);
  if (scalars.some(Number.isNaN)) throw executionError("Parameter value is NaN");
  return selectRanked(expr.operator, groups, {
    grid,
    limits: scalars,
    ordered: !e.isRange && grid.count === 1,
  });
}

/** Holds all series. */
async function groupsOf(e: Evaluation, expr: Aggregate, grid: Grid): Promise<Group[]> {
  const groups = new Groups(expr, (labels): Group => ({ labels, columns: [] }));
  for await (const batch of streamVector(e, expr.inner, grid))
    for (const column of batch) groups.of(column.labels).columns.push(numbersOf(e, expr, column));
  return groups.all;
}

/** `topk` and `bottomk` of few: only what is among the best so far is held. */
async function rank(
  e: Evaluation,
  expr: Aggregate,
  { grid, limits }: { grid: Grid; limits: Float64Array },
): Promise<Column[]> {
  const how = { greatest: expr.operator === "topk", limits, ordered: !e.isRange && grid.count === 1 };
  const groups = new Groups(expr, () => new Ranking(grid, how));
  for await (const batch of streamVector(e, expr.inner, grid, { reuse: true }))
    for (const column of batch) groups.of(column.labels).add(numbersOf(e, expr, column));
  return groups.all.flatMap((ranking) => ranking.finish());
}

/** Histograms cannot be ordered: they are left out, which is told. */
function numbersOf(e: Evaluation, expr: Aggregate, column: Column): Column {
  if (!column.histograms || !["quantile", "topk", "bottomk"].includes(expr.operator)) return column;
  if (column.histograms.some((histogram, i) => histogram && column.present[i]))
    e.inform(ignoredInAggregation(expr.operator), expr.operator === "quantile" ? expr.inner : expr);
  return floatsOf(column);
}

function labelName(e: Evaluation, { value, from, to }: Extract<Expr, { kind: "string" }>): string {
  if (value !== "" && !value.includes("\ufffd")) return value;
  throw executionError(`invalid label name ${e.options.text.slice(from, to) || JSON.stringify(value)}`);
}

function formatInvalid(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
