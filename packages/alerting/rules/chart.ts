import { type Expr, parsePromql, selectorsOf } from "@havn/promql";

/** What a rule looks at over time, and where it says that something is wrong. */
export interface RuleChart {
  /** The measured side alone, narrowed to the environment's series. */
  query: string;
  threshold?: { operator: string; value: number };
}

const turned: Readonly<Record<string, string>> = {
  ...{ ">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!=" },
};

/**
 * `rate(x[5m]) > 5` becomes `rate(x{env="shop"}[5m])` with a threshold of 5: a comparison leaves out all that is well, and
 * a chart of it would have nothing but troubles to show. Undefined for what is no PromQL.
 */
export function chartOf(text: string, environment: string): RuleChart | undefined {
  let expr: Expr;
  try {
    expr = parsePromql(text);
  } catch {
    return undefined;
  }
  const { measured, threshold } = compared(expr);
  return { query: narrowed(text, measured, environment), ...(threshold && { threshold }) };
}

function compared(given: Expr): { measured: Expr; threshold?: RuleChart["threshold"] } {
  const expr = bare(given);
  if (expr.kind !== "binary") return { measured: expr };
  // What else must be true or untrue says nothing of the value.
  if (expr.operator === "and" || expr.operator === "unless") return compared(expr.left);
  const back = turned[expr.operator];
  if (back === undefined || expr.bool) return { measured: expr };
  const [left, right] = [numberOf(expr.left), numberOf(expr.right)];
  if (right !== undefined && left === undefined)
    return { measured: expr.left, threshold: { operator: expr.operator, value: right } };
  if (left !== undefined && right === undefined)
    return { measured: expr.right, threshold: { operator: back, value: left } };
  return { measured: expr };
}

const bare = (expr: Expr): Expr => (expr.kind === "parenthesis" ? bare(expr.inner) : expr);

function numberOf(given: Expr): number | undefined {
  const expr = bare(given);
  if (expr.kind === "number") return Number.isFinite(expr.value) ? expr.value : undefined;
  if (expr.kind !== "unary") return undefined;
  const inner = numberOf(expr.inner);
  return inner === undefined ? undefined : expr.operator === "-" ? -inner : inner;
}

/** The text of a part, each of its selectors with one matcher more. */
function narrowed(text: string, part: Expr, environment: string): string {
  const matcher = `env=${JSON.stringify(environment)}`;
  let query = text.slice(part.from, part.to);
  const selectors = selectorsOf(part).sort((a, b) => b.from - a.from);
  for (const { from } of selectors) {
    const at = from - part.from;
    const name = /^[\w:]*/.exec(query.slice(at))?.[0].length ?? 0;
    const brace = /^\s*\{/.exec(query.slice(at + name));
    const after = at + name + (brace?.[0].length ?? 0);
    const rest = query.slice(after);
    const written = brace ? (/^\s*\}/.test(rest) ? matcher : `${matcher},`) : `{${matcher}}`;
    query = query.slice(0, after) + written + rest;
  }
  return query;
}
