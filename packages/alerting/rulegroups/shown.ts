import type { RuleGroup as ShownGroup } from "@havn/model";
import type { Book } from "../alerts/book.ts";
import type { AlertRecord } from "../alerts/machine.ts";
import type { DeclaredAlert } from "../rules/declared.ts";
import { usualIntervalMs } from "../rules/evaluate.ts";
import type { RuleGroup } from "./group.ts";

export const isActive = ({ state }: AlertRecord): boolean => state === "pending" || state === "firing";

export const stateOf = (alerts: readonly AlertRecord[]): "inactive" | "pending" | "firing" =>
  alerts.some(({ state }) => state === "firing") ? "firing" : alerts.length > 0 ? "pending" : "inactive";

/** Alerts that are active, by the rule that they are of: looked through once, however many rules ask. */
export function activeByScope(book: Book): (scope: string) => readonly AlertRecord[] {
  const byScope = Map.groupBy(book.list().filter(isActive), ({ scope }) => scope);
  return (scope) => byScope.get(scope) ?? [];
}

/** Havn's own view of all rules: those in groups, and those of type `alert` as one group an environment. */
export function shownGroups(
  {
    groups,
    declared,
    book,
  }: { groups: readonly RuleGroup[]; declared: readonly DeclaredAlert[]; book: Book },
  unmatched: (id: string) => readonly string[],
): ShownGroup[] {
  const alerts = activeByScope(book);
  const byEnvironment = Map.groupBy(declared, ({ rule }) => rule.environment);
  return [
    ...[...byEnvironment].map(([environment, rules]) => ({
      ...{ environment, address: `${environment}/alert`, group: "alerts", file: "havn.config.ts" },
      ...{ intervalMs: usualIntervalMs, broken: [] },
      durationMs: rules.reduce((sum, { durationMs }) => sum + durationMs, 0),
      lastEvaluation: Math.max(0, ...rules.map(({ lastEvaluation }) => lastEvaluation)) || null,
      rules: rules.map(({ rule: { name, properties }, ...state }) => ({
        ...{ kind: "alerting" as const, name, expr: exprText(properties), line: null },
        health: healthOf(state),
        lastError: state.lastError,
        warnings: [...state.warnings, ...unmatched(state.scope)],
        state: stateOf(alerts(state.scope)),
      })),
    })),
    ...groups.map((group) => {
      const { environment, address, properties } = group.declared;
      return {
        ...{ environment, address, group: properties.group, file: properties.file },
        ...{ intervalMs: group.interval, durationMs: group.durationMs },
        lastEvaluation: group.lastEvaluation || null,
        rules: group.rules.map(({ rule, health, lastError, warnings, scope, id }) => ({
          kind: rule.record === undefined ? ("alerting" as const) : ("recording" as const),
          ...{ name: rule.record ?? rule.alert ?? "", expr: rule.expr, line: rule.line ?? null },
          ...{ health, lastError, warnings: [...warnings, ...unmatched(id)] },
          state: rule.record === undefined ? stateOf(alerts(scope)) : null,
        })),
        broken: properties.broken.map(({ name, line, fault }) => ({ name, line: line ?? null, fault })),
      };
    }),
  ];
}

const healthOf = ({ lastEvaluation, lastError }: Omit<DeclaredAlert, "rule">) =>
  lastEvaluation === 0 ? ("unknown" as const) : lastError === "" ? ("ok" as const) : ("err" as const);

function exprText({ expr, detect, interval }: DeclaredAlert["rule"]["properties"]): string {
  const often = interval === undefined ? "" : `, every ${interval}`;
  return detect ? `${detect.kind}${expr === "" ? "" : ` of ${expr}`}${often}` : expr;
}
