import {
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  isComparison,
  isSetOperator,
  type ValueType,
} from "../ast.ts";
import { parseError } from "../errors.ts";
import { findFunction } from "../functions/index.ts";
import { matchesValue } from "../regexp.ts";
import { durationSeconds, isConstant } from "./durations.ts";

const typeNames: Record<ValueType, string> = {
  scalar: "scalar",
  string: "string",
  vector: "instant vector",
  matrix: "range vector",
};

/** Checks that every part gets the type that it takes, as Prometheus does; returns the type of the whole. */
export function check(text: string, expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "parenthesis":
      return check(text, expr.inner);
    case "selector":
      if (expr.matchers.every((matcher) => matchesValue("", matcher)))
        throw parseError(text, expr, "vector selector must contain at least one non-empty matcher");
      return "vector";
    case "matrix":
      checkPositive(text, expr);
      check(text, expr.selector);
      return "matrix";
    case "subquery": {
      const inner = check(text, expr.inner);
      if (inner !== "vector")
        throw parseError(
          text,
          expr,
          `subquery is only allowed on instant vector, got ${typeNames[inner]} instead`,
        );
      checkPositive(text, expr);
      if (expr.step) checkPositive(text, { ...expr, range: expr.step });
      return "matrix";
    }
    case "unary": {
      const inner = check(text, expr.inner);
      if (inner !== "scalar" && inner !== "vector")
        throw parseError(
          text,
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${typeNames[inner]}"`,
        );
      return inner;
    }
    case "call":
      return checkCall(text, expr);
    case "aggregate":
      return checkAggregate(text, expr);
    case "binary":
      return checkBinary(text, expr);
  }
}

function checkPositive(text: string, node: Extract<Expr, { kind: "matrix" | "subquery" }>): void {
  if (isConstant(node.range) && !(durationSeconds(node.range, { step: 0, range: 0 }) > 0))
    throw parseError(text, node, "duration must be greater than 0");
}

function checkCall(text: string, call: Call): ValueType {
  const signature = findFunction(call.name);
  if (!signature) throw parseError(text, call, `unknown function with name "${call.name}"`);
  const { parameters, optional = 0, repeats } = signature;
  const count = call.arguments.length;
  const least = parameters.length - optional;
  const wrong = (words: string, expected: number) =>
    parseError(
      text,
      call,
      `expected ${words}${expected} argument(s) in call to "${call.name}", got ${count}`,
    );
  if (least === parameters.length && count !== least) throw wrong("", least);
  if (count < least) throw wrong("at least ", least);
  if (!repeats && count > parameters.length) throw wrong("at most ", parameters.length);
  if (call.name === "info") checkInfo(text, call);
  for (const [index, argument] of call.arguments.entries()) {
    if (call.name === "info" && index === 1) continue;
    const expected = parameters[Math.min(index, parameters.length - 1)] ?? "vector";
    expectType(text, argument, expected, `call to function "${call.name}"`);
  }
  return signature.returns;
}

/** The second argument says by labels which info series are meant; it may match everything. */
function checkInfo(text: string, { arguments: [, second] }: Call): void {
  if (!second) return;
  if (second.kind !== "selector") throw parseError(text, second, "expected label selectors only");
  if (text[second.from] !== "{")
    throw parseError(text, second, "expected label selectors only, got vector selector instead");
}

function checkAggregate(text: string, expr: Aggregate): ValueType {
  expectType(text, expr.inner, "vector", "aggregation expression");
  if (expr.parameter)
    expectType(
      text,
      expr.parameter,
      expr.operator === "count_values" ? "string" : "scalar",
      "aggregation parameter",
    );
  return "vector";
}

function expectType(text: string, expr: Expr, expected: ValueType, where: string): void {
  const actual = check(text, expr);
  if (actual !== expected)
    throw parseError(
      text,
      expr,
      `expected type ${typeNames[expected]} in ${where}, got ${typeNames[actual]}`,
    );
}

function checkBinary(text: string, expr: Binary): ValueType {
  const left = check(text, expr.left);
  const right = check(text, expr.right);
  for (const [side, type] of [[expr.left, left] as const, [expr.right, right] as const])
    if (type !== "scalar" && type !== "vector")
      throw parseError(text, side, "binary expression must contain only scalar and instant vector types");
  const comparison = isComparison(expr.operator);
  if (expr.bool && !comparison)
    throw parseError(text, expr, "bool modifier can only be used on comparison operators");
  if (comparison && !expr.bool && left === "scalar" && right === "scalar")
    throw parseError(text, expr, "comparisons between scalars must use BOOL modifier");
  if (left === "vector" && right === "vector") return "vector";
  if (isSetOperator(expr.operator))
    throw parseError(text, expr, `set operator "${expr.operator}" not allowed in binary scalar expression`);
  const { matching } = expr;
  if (matching.on || matching.labels.length > 0 || matching.cardinality !== "one-to-one")
    throw parseError(text, expr, "vector matching only allowed between instant vectors");
  if (matching.fillLeft !== undefined || matching.fillRight !== undefined)
    throw parseError(text, expr, "filling in missing series only allowed between instant vectors");
  return left === "vector" || right === "vector" ? "vector" : "scalar";
}
