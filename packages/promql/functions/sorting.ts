import { type Column, compareLabels, floatsOf, hasAny } from "../evaluate/columns.ts";
import type { CallContext, FunctionDefinition } from "./define.ts";
import { defineFunction } from "./define.ts";

/** A function that only orders an instant vector. */
export const defineSort = (
  name: string,
  compare: (a: Column, b: Column, labels: readonly string[]) => number,
  more: { byLabels?: boolean } = {},
): FunctionDefinition =>
  defineFunction({
    kind: "vector",
    name,
    parameters: more.byLabels ? ["vector", "string"] : ["vector"],
    ...(more.byLabels && { optional: 1, repeats: true }),
    returns: "vector",
    async evaluate(call: CallContext) {
      const columns = await call.vector(0);
      if (call.isRange) {
        call.warn("sort is ineffective for range queries since results are always ordered by labels");
        return more.byLabels ? columns : columns.map(floatsOf);
      }
      const labels = call.arguments.slice(1).map((_, i) => call.text(i + 1));
      const sortable = more.byLabels ? columns : columns.map(floatsOf).filter(hasAny);
      return sortable.toSorted((a, b) => compare(a, b, labels));
    },
  });

/** By value at the first moment; NaN last in either direction. */
export function compareValues(a: Column, b: Column, direction: 1 | -1): number {
  const [x = 0, y = 0] = [a.values[0], b.values[0]];
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
  if (Number.isNaN(y)) return -1;
  return direction * (x < y ? -1 : x > y ? 1 : 0);
}

/** By the labels named, numbers inside them by size (`cpu2` before `cpu10`), then by all labels. */
export function compareByLabels(a: Column, b: Column, labels: readonly string[]): number {
  for (const label of labels) {
    const order = compareNaturally(a.labels[label] ?? "", b.labels[label] ?? "");
    if (order !== 0) return order;
  }
  return compareLabels(a.labels, b.labels);
}

function compareNaturally(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    const [m, n] = [Number(x), Number(y)];
    if (!Number.isNaN(m) && !Number.isNaN(n) && m !== n) return m - n;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
