import type { Matcher } from "./querier.ts";

export type ValueType = "scalar" | "vector" | "matrix" | "string";

/** Offsets into the text of the query, in UTF-16 units. */
export interface Span {
  from: number;
  to: number;
}

/** Seconds, known only when the range and step of the query are. */
export type DurationExpr =
  | { kind: "seconds"; value: number }
  | { kind: "step" }
  | { kind: "range" }
  | { kind: "negate"; of: DurationExpr }
  | { kind: "binary"; operator: "+" | "-" | "*" | "/" | "%" | "^"; left: DurationExpr; right: DurationExpr }
  | { kind: "least" | "greatest"; left: DurationExpr; right: DurationExpr };

/** What stands after a selector or subquery. `at` in seconds. */
export interface Modifiers {
  offset?: DurationExpr;
  at?: number | "start" | "end";
}

interface NumberLiteral extends Span {
  kind: "number";
  value: number;
}
interface StringLiteral extends Span {
  kind: "string";
  value: string;
}
/** Ways for a range to use samples beside it. `since-before` is MetricsQL's: it is not written, the dialect brings it. */
export type Extension = "anchored" | "smoothed" | "since-before";
export interface VectorSelector extends Span, Modifiers {
  kind: "selector";
  /** The metric's name is the matcher on `__name__`. */
  matchers: Matcher[];
  /** Samples beside the range or moment count too: to start from them, or to draw lines between them. */
  extended?: Extension;
}
export interface MatrixSelector extends Span {
  kind: "matrix";
  selector: VectorSelector;
  range: DurationExpr;
}
export interface Subquery extends Span, Modifiers {
  kind: "subquery";
  inner: Expr;
  range: DurationExpr;
  step?: DurationExpr;
}
export interface Call extends Span {
  kind: "call";
  name: string;
  arguments: Expr[];
  /** What series must match that the function reads by itself, as `info` does. */
  scope?: Matcher[];
}
export interface Aggregate extends Span {
  kind: "aggregate";
  operator: AggregateOperator;
  parameter?: Expr;
  inner: Expr;
  without: boolean;
  grouping: string[];
}
export interface Binary extends Span {
  kind: "binary";
  operator: BinaryOperator;
  left: Expr;
  right: Expr;
  /** Comparisons answer 0 or 1 in place of filtering. */
  bool: boolean;
  matching: Matching;
}
interface Unary extends Span {
  kind: "unary";
  operator: "+" | "-";
  inner: Expr;
}
export interface Parenthesis extends Span {
  kind: "parenthesis";
  inner: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Parenthesis;

/** How series of both sides find each other. */
export interface Matching {
  /** true: `on(labels)`; false: `ignoring(labels)`, or nothing written. */
  on: boolean;
  labels: string[];
  /** `group_left` makes the left side the one with many. */
  cardinality: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  /** Labels of the "one" side that the result takes over. */
  include: string[];
  fillLeft?: number;
  fillRight?: number;
}

export const aggregateOperators = [
  "sum",
  "avg",
  "min",
  "max",
  "count",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "limitk",
  "limit_ratio",
  "quantile",
  "count_values",
] as const;
export type AggregateOperator = (typeof aggregateOperators)[number];

const arithmeticOperators = ["+", "-", "*", "/", "%", "^", "atan2"] as const;
const comparisonOperators = ["==", "!=", ">", "<", ">=", "<="] as const;
/** `</` keeps what histograms have below a number, `>/` what is above. */
const trimOperators = ["</", ">/"] as const;
const setOperators = ["and", "or", "unless"] as const;
type ArithmeticOperator = (typeof arithmeticOperators)[number];
export type ComparisonOperator = (typeof comparisonOperators)[number];
export type SetOperator = (typeof setOperators)[number];
export type TrimOperator = (typeof trimOperators)[number];
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | TrimOperator | SetOperator;

export const isComparison = (operator: BinaryOperator): operator is ComparisonOperator =>
  (comparisonOperators as readonly string[]).includes(operator);
export const isTrimOperator = (operator: BinaryOperator): operator is TrimOperator =>
  (trimOperators as readonly string[]).includes(operator);
export const isSetOperator = (operator: BinaryOperator): operator is SetOperator =>
  (setOperators as readonly string[]).includes(operator);

/** The expression inside any parentheses around it. */
export function unwrap(expr: Expr): Exclude<Expr, Parenthesis> {
  let inner = expr;
  while (inner.kind === "parenthesis") inner = inner.inner;
  return inner;
}
