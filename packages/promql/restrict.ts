import type { Expr, VectorSelector } from "./ast.ts";
import type { Matcher } from "./querier.ts";

/** The same expression, but every selector in it also asks for `matcher`. */
export function restrict(expr: Expr, matcher: Matcher): Expr {
  const selector = (node: VectorSelector): VectorSelector => ({
    ...node,
    matchers: [...node.matchers.filter((held) => !isSame(held, matcher)), matcher],
  });
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "selector":
      return selector(expr);
    case "matrix":
      return { ...expr, selector: selector(expr.selector) };
    case "subquery":
    case "unary":
    case "parenthesis":
      return { ...expr, inner: restrict(expr.inner, matcher) };
    case "call":
      // What `info` looks for in series that it reads by itself must not become what it takes from them.
      if (expr.name === "info") {
        const [base, ...labels] = expr.arguments;
        return {
          ...expr,
          arguments: base ? [restrict(base, matcher), ...labels] : [],
          scope: [...(expr.scope ?? []).filter((held) => !isSame(held, matcher)), matcher],
        };
      }
      return { ...expr, arguments: expr.arguments.map((argument) => restrict(argument, matcher)) };
    case "aggregate":
      return {
        ...expr,
        inner: restrict(expr.inner, matcher),
        ...(expr.parameter && { parameter: restrict(expr.parameter, matcher) }),
      };
    case "binary":
      return { ...expr, left: restrict(expr.left, matcher), right: restrict(expr.right, matcher) };
  }
}

const isSame = (a: Matcher, b: Matcher) =>
  a.name === b.name && a.operator === b.operator && a.value === b.value;

/** Every selector in the expression, those of range vectors included. */
export function selectorsOf(expr: Expr): VectorSelector[] {
  switch (expr.kind) {
    case "number":
    case "string":
      return [];
    case "selector":
      return [expr];
    case "matrix":
      return [expr.selector];
    case "subquery":
    case "unary":
    case "parenthesis":
      return selectorsOf(expr.inner);
    case "call":
      return expr.arguments.flatMap(selectorsOf);
    case "aggregate":
      return [...(expr.parameter ? selectorsOf(expr.parameter) : []), ...selectorsOf(expr.inner)];
    case "binary":
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
  }
}
