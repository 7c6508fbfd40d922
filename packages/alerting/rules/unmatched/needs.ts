import type { Expr, Matcher } from "@havn/promql";

/** Selectors of which one must find something, or the expression never can. */
export type Need = readonly (readonly Matcher[])[];

/**
 * What an expression needs to find to be of use. What stands in `absent` or behind `unless` is there to find nothing, and
 * of what `or` joins one is enough.
 */
export function needsOf(expr: Expr): Need[] {
  switch (expr.kind) {
    case "number":
    case "string":
      return [];
    case "selector":
      return [[expr.matchers]];
    case "matrix":
      return [[expr.selector.matchers]];
    case "subquery":
    case "unary":
    case "parenthesis":
      return needsOf(expr.inner);
    case "call":
      return expr.name.startsWith("absent") ? [] : expr.arguments.flatMap(needsOf);
    case "aggregate":
      return needsOf(expr.inner);
    case "binary":
      if (expr.operator === "unless") return needsOf(expr.left);
      if (expr.operator === "or") return orNeeds(expr.left, expr.right);
      return [...needsOf(expr.left), ...needsOf(expr.right)];
  }
}

/** A side that needs nothing, such as `vector(0)`, is enough by itself. */
function orNeeds(left: Expr, right: Expr): Need[] {
  const [one, other] = [needsOf(left), needsOf(right)];
  return one.length === 0 || other.length === 0 ? [] : [[...one, ...other].flat()];
}

/** As it would be written, without the environment that every rule is held to. */
export function selectorText(matchers: readonly Matcher[]): string {
  const name = matchers.find((one) => one.name === "__name__" && one.operator === "=");
  const others = matchers
    .filter((one) => one !== name && !(one.name === "env" && one.operator === "="))
    .map(({ name: label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`);
  if (others.length === 0) return name?.value ?? "{}";
  return `${name?.value ?? ""}{${others.join(",")}}`;
}
