import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { type AggregateOperator, aggregateOperators, type Expr, type Subquery } from "../ast.ts";
import { type PromqlError, parseError } from "../errors.ts";
import { check } from "./check.ts";
import { convertDuration } from "./duration-nodes.ts";
import { normalise } from "./literals.ts";
import { convertOperators, deepest, hasOperators } from "./operators.ts";
import { convertSelector } from "./selector.ts";
import { Source } from "./source.ts";

/**
 * Parses a PromQL expression and checks its types. Throws a PromqlError of type bad_data that tells line and column.
 * The grammar is Prometheus' own (the one of its web page); this file turns its tree into ours.
 */
export function parsePromql(text: string): Expr {
  if (text.length > longest) throw parseError(text, 0, `the query is longer than ${longest} characters`);
  const source = new Source(text, normalise(text));
  if (text.trim() === "") throw parseError(text, 0, "no expression found in input");
  const tree = parseStrictly(source);
  const root = tree.topNode.getChildren("Expr")[0] ?? firstExpression(tree.topNode);
  if (!root) throw parseError(text, 0, "no expression found in input");
  try {
    const expr = convert(source, root);
    check(text, expr);
    return expr;
  } catch (cause) {
    // Depth is counted, but how much of the stack a level takes depends on what it is.
    if (cause instanceof RangeError) throw parseError(text, 0, "the expression is nested too deeply");
    throw cause;
  }
}

function firstExpression(node: SyntaxNode): SyntaxNode | null {
  let child = node.firstChild;
  while (child && child.name === "LineComment") child = child.nextSibling;
  return child;
}

// Without recovery from mistakes: it is slow on long nonsense, and only the first mistake is told anyway.
const strict = parser.configure({ strict: true });

function parseStrictly(source: Source): Tree {
  try {
    const parse = strict.startParse(source.text);
    for (;;) {
      // After 300 operators in a row, the parser would give the chain up: its counter starts again at every token.
      if ("bigReductionCount" in parse) parse.bigReductionCount = 0;
      const tree = parse.advance();
      if (tree) return tree;
    }
  } catch (cause) {
    const offset = cause instanceof SyntaxError && /^No parse at (\d+)/.exec(cause.message)?.[1];
    if (!offset) throw cause;
    throw syntaxError(source, Number(offset));
  }
}

function syntaxError(source: Source, offset: number): PromqlError {
  const { original } = source;
  const rest = original.slice(offset);
  const word = /^\s*([A-Za-z_:][\w:]*|\d[\w.]*|"[^"]*"?|'[^']*'?|\S)/.exec(rest)?.[1];
  if (word === undefined) return parseError(original, original.length, "unexpected end of input");
  const at = offset + rest.indexOf(word);
  // The parser too gives up at some depth.
  const nesting = original.slice(0, at).match(/[-+^(]/g)?.length ?? 0;
  if (nesting > 900 && /^[-+^(]/.test(word))
    return parseError(original, at, "the expression is nested too deeply");
  const before = /([A-Za-z_:][\w:]*)\s*$/.exec(original.slice(Math.max(0, at - 200), at))?.[1];
  if (word === "(" && before)
    return parseError(original, at - before.length, `unknown function with name "${before}"`);
  const called = /^[A-Za-z_:][\w:]*\s*\(/.test(rest.trimStart());
  return parseError(
    original,
    at,
    called ? `unknown function with name "${word}"` : `unexpected ${JSON.stringify(word)}`,
  );
}

/** Characters. Reading more would hold up everything else in this process. */
const longest = 100_000;

function convert(source: Source, node: SyntaxNode): Expr {
  source.depth++;
  if (source.depth > deepest) throw parseError(source.original, node, "the expression is nested too deeply");
  const expr = convertNode(source, node);
  source.depth--;
  return expr;
}

function convertNode(source: Source, node: SyntaxNode): Expr {
  if (hasOperators(node)) return convertOperators(source, node, { operand: convert, attach });
  const span = { from: node.from, to: node.to };
  switch (node.name) {
    case "NumberDurationLiteral":
      return { kind: "number", value: source.number(node), ...span };
    case "StringLiteral":
      return { kind: "string", value: source.string(node), ...span };
    case "ParenExpr":
      return { kind: "parenthesis", inner: convert(source, source.child(node, 0)), ...span };
    case "VectorSelector":
      return convertSelector(source, node);
    case "FunctionCall":
      return {
        kind: "call",
        name: source.written(source.child(node, 0)),
        arguments: convertArguments(source, node),
        ...span,
      };
    case "AggregateExpr":
      return convertAggregate(source, node);
  }
  throw parseError(source.original, node, `unexpected ${node.name}`);
}

function attach(source: Source, node: SyntaxNode, inner: Expr): Expr {
  switch (node.name) {
    case "MatrixSelector":
      return attachRange(source, node, inner);
    case "SubqueryExpr":
      return attachSubquery(source, node, inner);
    case "OffsetExpr":
      return attachOffset(source, node, inner);
    case "AnchoredExpr":
      return attachExtension(source, node, { inner, extended: "anchored" });
    case "SmoothedExpr":
      return attachExtension(source, node, { inner, extended: "smoothed" });
  }
  return attachAt(source, node, inner);
}

function attachRange(source: Source, node: SyntaxNode, inner: Expr): Expr {
  if (inner.kind !== "selector")
    throw parseError(source.original, inner, "ranges only allowed for vector selectors");
  if (inner.offset !== undefined || inner.at !== undefined)
    throw parseError(source.original, inner, "no offset or @ modifiers allowed before range");
  const range = convertDuration(source, source.child(node, 1));
  return { kind: "matrix", selector: inner, range, from: inner.from, to: node.to };
}

function attachSubquery(source: Source, node: SyntaxNode, inner: Expr): Subquery {
  const [range, step] = node.getChildren("DurationExpr");
  if (!range) throw parseError(source.original, node, "missing range in subquery");
  return {
    kind: "subquery",
    inner,
    range: convertDuration(source, range),
    ...(step && { step: convertDuration(source, step) }),
    from: inner.from,
    to: node.to,
  };
}

function attachOffset(source: Source, node: SyntaxNode, inner: Expr): Expr {
  const offset = convertDuration(source, source.child(node, 2));
  const target = inner.kind === "matrix" ? inner.selector : inner;
  if (target.kind !== "selector" && target.kind !== "subquery")
    throw parseError(
      source.original,
      inner,
      `offset modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  if (target.offset !== undefined)
    throw parseError(source.original, inner, "offset may not be set multiple times");
  if (inner.kind === "matrix") return { ...inner, selector: { ...inner.selector, offset }, to: node.to };
  return { ...target, offset, to: node.to };
}

function attachExtension(
  source: Source,
  node: SyntaxNode,
  { inner, extended }: { inner: Expr; extended: "anchored" | "smoothed" },
): Expr {
  if (inner.kind === "subquery")
    throw parseError(source.original, inner, `${extended} modifier is not supported for subqueries`);
  const target = inner.kind === "matrix" ? inner.selector : inner;
  if (target.kind !== "selector")
    throw parseError(source.original, inner, `${extended} modifier not implemented`);
  if (target.extended !== undefined && target.extended !== extended)
    throw parseError(source.original, inner, "anchored and smoothed modifiers cannot be used together");
  if (inner.kind === "matrix") return { ...inner, selector: { ...inner.selector, extended }, to: node.to };
  return { ...target, extended, to: node.to };
}

function attachAt(source: Source, node: SyntaxNode, inner: Expr): Expr {
  const target = inner.kind === "matrix" ? inner.selector : inner;
  if (target.kind !== "selector" && target.kind !== "subquery")
    throw parseError(
      source.original,
      inner,
      `@ modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  if (target.at !== undefined)
    throw parseError(source.original, inner, "@ <timestamp> may not be set multiple times");
  const value = source.child(node, 2);
  const at = value.name === "AtModifierPreprocessors" ? atEdge(source, value) : source.number(value);
  if (typeof at === "number" && !Number.isFinite(at))
    throw parseError(source.original, value, `timestamp out of bounds for @ modifier: ${at}`);
  if (inner.kind === "matrix") return { ...inner, selector: { ...inner.selector, at }, to: node.to };
  return { ...target, at, to: node.to };
}

const atEdge = (source: Source, node: SyntaxNode) =>
  source.slice(node).toLowerCase().startsWith("start") ? "start" : "end";

function convertArguments(source: Source, node: SyntaxNode): Expr[] {
  const body = node.getChild("FunctionCallBody");
  return body ? source.children(body).map((child) => convert(source, child)) : [];
}

function convertAggregate(source: Source, node: SyntaxNode): Expr {
  const operator = source.slice(source.child(node, 0)).toLowerCase();
  if (!isAggregateOperator(operator))
    throw parseError(source.original, node, `the aggregation "${operator}" is not supported`);
  const values = convertArguments(source, node);
  const modifier = node.getChild("AggregateModifier");
  const takesParameter = ["topk", "bottomk", "limitk", "limit_ratio", "quantile", "count_values"].includes(
    operator,
  );
  const expected = takesParameter ? 2 : 1;
  if (values.length !== expected)
    throw parseError(
      source.original,
      node,
      `wrong number of arguments for aggregate expression provided, expected ${expected}, got ${values.length}`,
    );
  const [inner, parameter] = values.toReversed();
  if (!inner) throw parseError(source.original, node, "no arguments for aggregate expression provided");
  return {
    kind: "aggregate",
    operator,
    inner,
    ...(parameter && { parameter }),
    without: modifier?.getChild("Without") != null,
    grouping: modifier ? source.grouping(modifier.getChild("GroupingLabels")) : [],
    from: node.from,
    to: node.to,
  };
}

const isAggregateOperator = (text: string): text is AggregateOperator =>
  (aggregateOperators as readonly string[]).includes(text);
