import { type Expr, unwrap, type ValueType } from "../../ast.ts";
import { PromqlError } from "../../errors.ts";
import { typeOf } from "../../evaluate/types.ts";
import { durationSeconds } from "../../parser/durations.ts";
import { parsePromql } from "../../parser/parse.ts";
import { inVersion2, inVersion3 } from "./answers.ts";
import type { GeneratedQuery } from "./generate.ts";

/**
 * The smallest query that still `fails`: parts are put in place of what holds them, modifiers and matchers left out,
 * numbers put in place of scalars, and a range becomes a single moment, as long as it goes on failing.
 */
export async function minimise(
  query: GeneratedQuery,
  fails: (query: GeneratedQuery) => Promise<boolean>,
): Promise<GeneratedQuery> {
  let smallest = query;
  for (let again = true; again; ) {
    again = false;
    for (const candidate of smaller(smallest)) {
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      again = true;
      break;
    }
  }
  return smallest;
}

function* smaller(query: GeneratedQuery): Generator<GeneratedQuery> {
  const { text, startMs, endMs, stepMs } = query;
  if (stepMs > 0 && endMs > startMs) {
    const half = startMs + Math.floor((endMs - startMs) / stepMs / 2) * stepMs;
    yield { ...query, endMs: half };
    yield { ...query, startMs: half === startMs ? endMs : half };
  }
  if (startMs === endMs) yield* subqueries(query);
  for (const candidate of new Set(smallerTexts(text)))
    if (candidate.length < text.length && bareHistograms(candidate) <= bareHistograms(text))
      yield { ...query, text: candidate };
}

/** What a subquery asks, asked by itself, if only its range says when. */
function* subqueries({ text, endMs }: GeneratedQuery): Generator<GeneratedQuery> {
  const parsed = inVersion3(text);
  const whole = findTree(parsed);
  for (const node of whole ? nodesOf(whole) : []) {
    if (node.kind !== "subquery" || node.offset || node.at !== undefined) continue;
    const at = { step: 0, range: 0 };
    const stepMs = node.step ? durationSeconds(node.step, at) * 1000 : 60_000;
    const rangeMs = durationSeconds(node.range, at) * 1000;
    const startMs = Math.ceil((endMs - rangeMs) / stepMs) * stepMs;
    const inner = inVersion2(parsed.slice(node.inner.from, node.inner.to));
    if (startMs <= endMs) yield { text: inner, startMs, endMs, stepMs };
  }
}

/** Where a native histogram meets what takes numbers, a difference of its own begins. */
const bareHistograms = (text: string) =>
  (text.match(/rpc_seconds|__name__=~/g) ?? []).length -
  (text.match(/histogram_\w+\(|__name__!~/g) ?? []).length;

function* smallerTexts(text: string): Generator<string> {
  // Offsets count in the text that was parsed.
  const parsed = inVersion3(text);
  const whole = findTree(parsed);
  for (const node of whole ? nodesOf(whole) : []) {
    for (const part of nodesOf(node))
      if (part !== node && sameType(node, part))
        yield inVersion2(splice(parsed, node, parsed.slice(part.from, part.to)));
    if (typeOf(node) === "scalar" && node.kind !== "number") yield inVersion2(splice(parsed, node, "1"));
    if (typeOf(node) === "vector" && node.kind !== "selector") yield inVersion2(splice(parsed, node, "one"));
  }
  yield* [
    ...parsed.matchAll(/ (offset -?\w+|@ ([\d.]+|start\(\)|end\(\))|(on|ignoring|by|without) \([^()]*\))/g),
  ].map((match) => inVersion2(parsed.slice(0, match.index) + parsed.slice(match.index + match[0].length)));
  yield* [...parsed.matchAll(/\w+(=~|!~|!=|=)"(?:[^"\\]|\\.)*"(, ?)?/g)].map((match) =>
    inVersion2(parsed.slice(0, match.index) + parsed.slice(match.index + match[0].length)),
  );
}

/** Undefined for what is no query. */
function findTree(text: string): Expr | undefined {
  try {
    return parsePromql(text);
  } catch (cause) {
    if (cause instanceof PromqlError) return undefined;
    throw cause;
  }
}

const splice = (text: string, { from, to }: { from: number; to: number }, put: string) =>
  `${text.slice(0, from)}${put}${text.slice(to)}`;

const sameType = (a: Expr, b: Expr) => typeOf(a) === (typeOf(b) satisfies ValueType);

export function* nodesOf(expr: Expr): Generator<Expr> {
  yield expr;
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
      return;
    case "matrix":
      return yield* nodesOf(expr.selector);
    case "subquery":
    case "unary":
    case "parenthesis":
      return yield* nodesOf(expr.inner);
    case "call":
      for (const argument of expr.arguments) yield* nodesOf(argument);
      return;
    case "aggregate":
      if (expr.parameter) yield* nodesOf(expr.parameter);
      return yield* nodesOf(expr.inner);
    case "binary":
      yield* nodesOf(expr.left);
      return yield* nodesOf(expr.right);
  }
}

/** Whether the order of its answer says something. */
export function isOrdered(query: GeneratedQuery): boolean {
  if (query.stepMs > 0) return false;
  const tree = findTree(inVersion3(query.text));
  if (!tree) return false;
  const expr = unwrap(tree);
  return expr.kind === "call" && (expr.name === "sort" || expr.name === "sort_desc");
}
