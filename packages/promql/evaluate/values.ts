import { type BinaryOperator, isSetOperator, isTrimOperator } from "../ast.ts";
import { executionError } from "../errors.ts";
import { combine, divided, scaled, withHint } from "../histogram/arithmetic.ts";
import { equalHistograms, type Histogram } from "../histogram/histogram.ts";
import { trimmed } from "../histogram/trim.ts";
import {
  conflictingResets,
  incompatibleLayout,
  incompatibleTypes,
  type Notes,
  reconciled,
} from "../notes.ts";
import { scalarOperation } from "./binary.ts";

export type Value = number | Histogram;

/**
 * An operator on values that may be histograms; comparisons answer 1 or 0. Undefined, and told, where the two do not go
 * together.
 */
export function valueOperation(
  operator: BinaryOperator,
  sides: [Value, Value],
  notes: Notes,
): Value | undefined {
  const [left, right] = sides;
  if (isSetOperator(operator)) throw executionError(`set operator "${operator}" not allowed between values`);
  if (typeof left === "number" && typeof right === "number") {
    if (!isTrimOperator(operator)) return scalarOperation(operator)(left, right);
  } else if (typeof left === "number") {
    if (operator === "*" && typeof right !== "number") return scaled(right, left);
  } else if (typeof right === "number") {
    if (operator === "*") return scaled(left, right);
    if (operator === "/") return divided(left, right);
    if (operator === "</") return trimmed(left, right, "below");
    if (operator === ">/") return trimmed(left, right, "above");
  } else {
    if (operator === "+" || operator === "-") return addition(operator, [left, right], notes);
    if (operator === "==") return equalHistograms(left, right) ? 1 : 0;
    if (operator === "!=") return equalHistograms(left, right) ? 0 : 1;
  }
  const kind = (value: Value) => (typeof value === "number" ? "float" : "histogram");
  notes.inform(incompatibleTypes(kind(left), operator, kind(right)));
  return undefined;
}

function addition(
  operator: "+" | "-",
  [left, right]: [Histogram, Histogram],
  notes: Notes,
): Histogram | undefined {
  const name = operator === "+" ? "addition" : "subtraction";
  const result = combine(left, right, operator === "+" ? 1 : -1);
  if (!result) {
    notes.warn(incompatibleLayout(operator));
    return undefined;
  }
  if (result.added.collision) {
    // As in Prometheus: there is no telling what the result would count.
    notes.warn(conflictingResets(name));
    return undefined;
  }
  if (result.added.reconciled) notes.inform(reconciled(name));
  return operator === "-" ? withHint(result.total, "gauge") : result.total;
}
