import { type Labels, labelsKey } from "@havn/model";
import { type Aggregate, type Expr, unwrap } from "../ast.ts";
import { executionError } from "../errors.ts";
import { ignoredInAggregation, type Notes } from "../notes.ts";
import { type Accumulator, accumulators } from "./accumulators.ts";
import { type Column, floatsOf, type Grid, metadataLabels, omitLabels, pickLabels } from "./columns.ts";
import { evaluateScalar, streamVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { countValues, quantiles } from "./grouped.ts";
import { selectRanked } from "./ranked.ts";
import { shareOf } from "./share.ts";

export interface Group {
  labels: Labels;
  columns: Column[];
}

/** Groups come in the order in which their first series does. */
export async function* streamAggregate(e: Evaluation, expr: Aggregate, grid: Grid): AsyncGenerator<Column> {
  const open = accumulators[expr.operator];
  if (open) yield* accumulate(e, { expr, grid, open });
  else yield* await aggregateGroups(e, expr, grid);
}

async function* accumulate(
  e: Evaluation,
  { expr, grid, open }: { expr: Aggregate; grid: Grid; open: (count: number, notes: Notes) => Accumulator },
): AsyncGenerator<Column> {
  const groups = new Map<string, { labels: Labels; accumulator: Accumulator; dropName: boolean }>();
  const labelsOf = groupLabels(expr);
  for await (const column of streamVector(e, expr.inner, grid, { reuse: true })) {
    const labels = labelsOf(column.labels);
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (!group) {
      group = { labels, accumulator: open(grid.count, e.notes(expr.inner)), dropName: false };
      groups.set(key, group);
    }
    group.dropName ||= column.dropName;
    group.accumulator.add(column);
  }
  for (const { labels, accumulator, dropName } of groups.values())
    yield { labels, ...accumulator.finish(), dropName };
}

function groupLabels(expr: Aggregate): (labels: Labels) => Labels {
  if (!expr.without) return (labels) => pickLabels(labels, expr.grouping);
  const omitted = new Set([...expr.grouping, ...metadataLabels]);
  return (labels) => omitLabels(labels, omitted);
}

async function aggregateGroups(e: Evaluation, expr: Aggregate, grid: Grid): Promise<Column[]> {
  const labelsOf = groupLabels(expr);
  const parameter = expr.parameter && unwrap(expr.parameter);
  if (!parameter) throw executionError(`${expr.operator} needs a parameter`);
  const groups = new Map<string, Group>();
  const scalars = parameter.kind === "string" ? undefined : await evaluateScalar(e, parameter, grid);
  const numbersOnly = ["quantile", "topk", "bottomk"].includes(expr.operator);
  for await (const each of streamVector(e, expr.inner, grid)) {
    const column = numbersOnly ? floatsOf(each) : each;
    if (numbersOnly && each.histograms?.some((histogram, i) => histogram && each.present[i]))
      e.inform(ignoredInAggregation(expr.operator), expr.operator === "quantile" ? expr.inner : expr);
    const labels = labelsOf(column.labels);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group) group.columns.push(column);
    else groups.set(key, { labels, columns: [column] });
  }
  const all = [...groups.values()];
  if (parameter.kind === "string") return countValues(all, grid, labelName(e, parameter));
  if (!scalars) return [];
  if (expr.operator === "quantile") {
    for (const q of scalars)
      if (!(q >= 0 && q <= 1))
        e.warn(`quantile value should be between 0 and 1, got ${formatInvalid(q)}`, parameter);
    return quantiles(all, grid, scalars);
  }
  if (expr.operator === "limit_ratio") return shareOf(e, all, { ratios: scalars, at: parameter });
  if (scalars.some(Number.isNaN)) throw executionError("Parameter value is NaN");
  return selectRanked(expr.operator, all, { grid, limits: scalars, ordered: !e.isRange });
}

function labelName(e: Evaluation, { value, from, to }: Extract<Expr, { kind: "string" }>): string {
  if (value !== "" && !value.includes("\ufffd")) return value;
  throw executionError(`invalid label name ${e.options.text.slice(from, to) || JSON.stringify(value)}`);
}

function formatInvalid(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
