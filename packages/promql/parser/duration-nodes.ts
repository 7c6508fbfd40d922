import type { SyntaxNode } from "@lezer/common";
import type { DurationExpr } from "../ast.ts";
import { parseError } from "../errors.ts";
import type { Source } from "./source.ts";

const operators = { Add: "+", Sub: "-", Mul: "*", Div: "/", Mod: "%", Pow: "^" } as const;

/** `5m`, `2 * step()`, `min_of(1m, range())`: what stands in brackets and after `offset`. */
export function convertDuration(source: Source, node: SyntaxNode): DurationExpr {
  const children = source.children(node);
  const [first, second, third] = children;
  if (!first) return { kind: "seconds", value: source.number(node) };
  switch (first.name) {
    case "DurationStep":
      return { kind: "step" };
    case "DurationRange":
      return { kind: "range" };
    case "DurationMinOf":
    case "DurationMaxOf":
      return {
        kind: first.name === "DurationMinOf" ? "least" : "greatest",
        left: convertDuration(source, source.child(node, 1)),
        right: convertDuration(source, source.child(node, 2)),
      };
    case "UnaryOp": {
      const of = convertDuration(source, source.child(node, 1));
      return source.slice(first) === "-" ? { kind: "negate", of } : of;
    }
    case "NumberDurationLiteralInDurationContext":
      return { kind: "seconds", value: source.number(first) };
  }
  if (!second) return convertDuration(source, first);
  const operator = operators[second.name as keyof typeof operators];
  if (!operator || !third) throw parseError(source.original, second, `unexpected ${source.slice(second)}`);
  return {
    kind: "binary",
    operator,
    left: convertDuration(source, first),
    right: convertDuration(source, third),
  };
}
