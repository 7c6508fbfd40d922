import { type Labels, labelsKey } from "@havn/model";
import { type Binary, isComparison, isTrimOperator, type Matching } from "../ast.ts";
import { executionError } from "../errors.ts";
import {
  type Column,
  emptyColumn,
  formatLabels,
  type Grid,
  hasAny,
  mergeColumns,
  metadataLabels,
  omitLabels,
  pickLabels,
  setValue,
  valueAt,
} from "./columns.ts";
import type { Value } from "./values.ts";

/** The labels by which a series finds its partner. */
export function matchLabels(matching: Matching): (labels: Labels) => Labels {
  if (matching.on) return (labels) => pickLabels(labels, matching.labels);
  const ignored = new Set([...matching.labels, "__name__"]);
  return (labels) => omitLabels(labels, ignored);
}

/** Series that may be partners of each other. `one` is the side that must have a single element at each moment. */
interface Group {
  labels: Labels;
  many: Column[];
  one: Column[];
}

interface How {
  grid: Grid;
  /** For numbers; left out where there is none. */
  operation: ((left: number, right: number) => number) | undefined;
  /** For what may be histograms; undefined: no value. */
  rich: (left: Value, right: Value) => Value | undefined;
}

export function matchVectors(expr: Binary, sides: { left: Column[]; right: Column[] }, how: How): Column[] {
  const { matching } = expr;
  const swapped = matching.cardinality === "one-to-many";
  const many = swapped ? sides.right : sides.left;
  const one = swapped ? sides.left : sides.right;
  const groups = groupSides(matching, many, one);
  const manyPresent = occupied(how.grid, many);
  // As in Prometheus, where `group_right` turns the sides round before it fills them.
  const fill = { many: matching.fillLeft, one: matching.fillRight };
  const results: Column[] = [];
  for (const group of groups) {
    refuseDuplicates(group, { manyPresent, swapped, filling: fill.many !== undefined });
    fillMissing(group, fill, how.grid);
    results.push(...pair(expr, group, { ...how, swapped }));
  }
  return mergeColumns(results, () =>
    executionError("multiple matches for labels: grouping labels must ensure unique matches"),
  );
}

function groupSides(matching: Matching, many: Column[], one: Column[]): Group[] {
  const select = matchLabels(matching);
  const groups = new Map<string, Group>();
  const groupOf = (column: Column): Group => {
    const labels = select(column.labels);
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, many: [], one: [] };
    groups.set(key, group);
    return group;
  };
  for (const column of many) groupOf(column).many.push(column);
  for (const column of one) groupOf(column).one.push(column);
  return [...groups.values()];
}

/** Where any of the columns has a value. */
function occupied(grid: Grid, columns: readonly Column[]): Uint8Array {
  const present = new Uint8Array(grid.count);
  for (const column of columns)
    for (let i = 0; i < present.length; i++) if (column.present[i]) present[i] = 1;
  return present;
}

function refuseDuplicates(
  group: Group,
  context: { manyPresent: Uint8Array; swapped: boolean; filling: boolean },
): void {
  if (group.one.length < 2) return;
  for (let i = 0; i < context.manyPresent.length; i++) {
    if (!context.manyPresent[i] && !context.filling) continue;
    const present = group.one.filter((column) => column.present[i]);
    if (present.length < 2) continue;
    const [first, second] = present;
    throw executionError(
      `found duplicate series for the match group ${formatLabels(group.labels)} on the ${context.swapped ? "left" : "right"} hand-side of the operation: [${formatLabels(first?.labels ?? {})}, ${formatLabels(second?.labels ?? {})}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }
}

/** A made-up series on the side that has nothing where the other side has something. */
function fillMissing(
  group: Group,
  fill: { many: number | undefined; one: number | undefined },
  grid: Grid,
): void {
  if (fill.many === undefined && fill.one === undefined) return;
  const many = occupied(grid, group.many);
  const one = occupied(grid, group.one);
  const made = (value: number, missing: Uint8Array, there: Uint8Array): Column => ({
    labels: group.labels,
    values: new Float64Array(grid.count).fill(value),
    present: missing.map((present, i) => (!present && there[i] ? 1 : 0)),
    dropName: false,
  });
  if (fill.one !== undefined) group.one.push(made(fill.one, one, many));
  if (fill.many !== undefined) group.many.push(made(fill.many, many, one));
}

function pair(expr: Binary, group: Group, how: How & { swapped: boolean }): Column[] {
  const filters = isComparison(expr.operator) && !expr.bool;
  const single = expr.matching.cardinality === "one-to-one" && group.many.length > 1;
  const taken = single ? new Uint8Array(how.grid.count) : undefined;
  const results: Column[] = [];
  for (const many of group.many)
    for (const one of group.one) {
      const labels = resultLabels(expr, many.labels, one.labels);
      const result = emptyColumn(how.grid, labels, many.dropName || expr.bool);
      calculate({ many, one, result, filters }, how);
      // Before any filter: that a filter left only one of them does not make them one.
      if (taken) take(taken, many, one);
      if (!hasAny(result)) continue;
      results.push(result);
    }
  return results;
}

function calculate(
  columns: { many: Column; one: Column; result: Column; filters: boolean },
  how: How & { swapped: boolean },
): void {
  const { many, one, result, filters } = columns;
  const { operation, swapped } = how;
  if (!operation || many.histograms || one.histograms) {
    calculateRich(columns, how);
    return;
  }
  for (let i = 0; i < result.values.length; i++) {
    if (!many.present[i] || !one.present[i]) continue;
    const [a = 0, b = 0] = swapped ? [one.values[i], many.values[i]] : [many.values[i], one.values[i]];
    const answer = operation(a, b);
    if (filters && answer === 0) continue;
    result.values[i] = filters ? a : answer;
    result.present[i] = 1;
  }
}

function calculateRich(
  { many, one, result, filters }: { many: Column; one: Column; result: Column; filters: boolean },
  { rich, swapped }: How & { swapped: boolean },
): void {
  for (let i = 0; i < result.values.length; i++) {
    const [a, b] = swapped ? [valueAt(one, i), valueAt(many, i)] : [valueAt(many, i), valueAt(one, i)];
    if (a === undefined || b === undefined) continue;
    const answer = rich(a, b);
    if (answer === undefined || (filters && answer === 0)) continue;
    setValue(result, i, filters ? a : answer);
  }
}

function take(taken: Uint8Array, many: Column, one: Column): void {
  for (let i = 0; i < taken.length; i++) {
    if (!many.present[i] || !one.present[i]) continue;
    if (taken[i])
      throw executionError(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
      );
    taken[i] = 1;
  }
}

function resultLabels(expr: Binary, many: Labels, one: Labels): Labels {
  const { matching, operator } = expr;
  const dropped = new Set<string>(isComparison(operator) || isTrimOperator(operator) ? [] : metadataLabels);
  if (matching.cardinality === "one-to-one") {
    if (matching.on) return omitLabels(pickLabels(many, matching.labels), dropped);
    return omitLabels(many, new Set([...dropped, ...matching.labels]));
  }
  if (matching.include.length === 0) return omitLabels(many, dropped);
  const labels: Record<string, string> = { ...omitLabels(many, dropped) };
  for (const name of matching.include) {
    const value = one[name];
    if (value) labels[name] = value;
    else delete labels[name];
  }
  return labels;
}
