import { type Expr, parsePromql, selectorsOf } from "@havn/promql";
import type { DeclaredGroup } from "../rulegroups/store.ts";
import type { Rule } from "../store.ts";

/** `environment/alertname` of every rule that asks only whether something is there and well: `up`, `absent()`. */
export function presenceRules(rules: readonly Rule[], groups: readonly DeclaredGroup[]): Set<string> {
  const all = [
    ...rules.map(({ environment, name, properties }) => ({ environment, name, expr: properties.expr })),
    ...groups.flatMap(({ environment, properties }) =>
      properties.rules.flatMap(({ alert, expr }) =>
        alert === undefined ? [] : [{ environment, name: alert, expr }],
      ),
    ),
  ];
  return new Set(
    all.filter(({ expr }) => isPresence(expr)).map(({ environment, name }) => `${environment}/${name}`),
  );
}

const presenceMetrics = new Set(["up", "probe_success", "havn_check_state"]);

function isPresence(text: string): boolean {
  try {
    const expr = parsePromql(text);
    if (asksForAbsence(expr)) return true;
    const names = selectorsOf(expr).map(({ matchers }) =>
      matchers.find(({ name, operator }) => name === "__name__" && operator === "="),
    );
    return names.length > 0 && names.every((name) => name !== undefined && presenceMetrics.has(name.value));
  } catch {
    return false;
  }
}

function asksForAbsence(expr: Expr): boolean {
  switch (expr.kind) {
    case "call":
      return expr.name === "absent" || expr.name === "absent_over_time";
    case "parenthesis":
    case "aggregate":
      return asksForAbsence(expr.inner);
    case "binary":
      return asksForAbsence(expr.left);
    case "number":
    case "string":
    case "selector":
    case "matrix":
    case "subquery":
    case "unary":
      return false;
  }
}
