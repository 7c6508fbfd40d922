import { defineRoute, type Route } from "@havn/http";
import { HavnError, parseDuration, ruleGroupSchema } from "@havn/model";
import { compileAnchored, type Matcher, PromqlError, parsePromql } from "@havn/promql";
import { z } from "zod";
import type { Book } from "../alerts/book.ts";
import type { AlertRecord } from "../alerts/machine.ts";
import type { DeclaredAlert } from "../rules/declared.ts";
import type { RuleGroup, RuleState } from "./group.ts";
import { activeByScope, isActive, shownGroups, stateOf } from "./shown.ts";
import type { DeclaredGroup } from "./store.ts";

export interface RuleRoutesOptions {
  groups(): RuleGroup[];
  declaredAlerts(): readonly DeclaredAlert[];
  unmatched(id: string): readonly string[];
  book: Book;
  backfill(
    group: DeclaredGroup,
    window: { from: number; until: number; signal: AbortSignal; only?: string | undefined },
  ): Promise<{ rules: number; samples: number }>;
}

const texts = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((given) => (given === undefined ? [] : [given].flat()));
const parameters = z.object({
  type: z.enum(["alert", "record"]).optional(),
  "rule_name[]": texts,
  "rule_group[]": texts,
  "file[]": texts,
  "match[]": texts,
  exclude_alerts: z.string().optional(),
  group_limit: z.coerce.number().int().min(1).optional(),
  group_next_token: z.string().optional(),
});
type Parameters = z.output<typeof parameters>;

const answer = z.object({ status: z.literal("success"), data: z.unknown() });
const prometheusFailure = ({ status, message }: HavnError) => ({
  status,
  body: { status: "error", errorType: status === 400 ? "bad_data" : "internal", error: message },
});

/** Rules and alerts as Prometheus' API tells them, Havn's own view of the same, and history for recording rules. */
export function ruleRoutes({
  groups,
  declaredAlerts,
  unmatched,
  book,
  backfill,
}: RuleRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/prometheus/api/v1/rules",
      summary: "Groups of rules with their state, in Prometheus' form",
      access: { action: "rule:read" },
      query: parameters,
      response: answer,
      onError: prometheusFailure,
      handle: ({ query }) => ({
        status: "success" as const,
        data: rulesOf([...groups().map(shownOf), ...declaredGroups(declaredAlerts())], query, book),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/prometheus/api/v1/alerts",
      summary: "Alerts that are pending or firing, in Prometheus' form",
      access: { action: "alert:read" },
      response: answer,
      onError: prometheusFailure,
      handle: () => ({
        status: "success" as const,
        data: { alerts: book.list().filter(isActive).map(alertOf) },
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/rules",
      summary: "Groups of rules, how each went, and rules that could not be read",
      access: { action: "rule:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({ environment: z.string().optional() }),
      response: z.object({ groups: z.array(ruleGroupSchema) }),
      handle: ({ query: { environment } }) => ({
        groups: shownGroups({ groups: groups(), declared: declaredAlerts(), book }, unmatched).filter(
          (group) => environment === undefined || group.environment === environment,
        ),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/rules/backfill",
      summary: "Evaluate recording rules over history and keep what they give",
      // What it writes is series, as any sender of metrics does.
      access: { action: "metric:write", resource: () => "rules" },
      body: z.strictObject({
        environment: z.string(),
        group: z.string().optional(),
        rule: z.string().optional(),
        from: z.number().int().min(0).describe("milliseconds since the epoch"),
        until: z.number().int().min(0),
      }),
      response: z.object({ groups: z.number(), rules: z.number(), samples: z.number() }),
      handle: async ({ body, signal }) => {
        if (body.until < body.from)
          throw new HavnError("until lies before from", {
            status: 400,
            detail: "Give the earlier time first.",
          });
        const chosen = chooseGroups(groups(), body);
        const done = { groups: chosen.length, rules: 0, samples: 0 };
        for (const { declared } of chosen) {
          const { from, until, rule } = body;
          const { rules, samples } = await backfill(declared, { from, until, signal, only: rule });
          done.rules += rules;
          done.samples += samples;
        }
        return done;
      },
    }),
  ];
}

function chooseGroups(
  groups: readonly RuleGroup[],
  wanted: { environment: string; group?: string | undefined; rule?: string | undefined },
): RuleGroup[] {
  const chosen = groups.filter(({ declared: { environment, name, properties }, rules }) => {
    const meant = wanted.group === undefined || wanted.group === name || wanted.group === properties.group;
    const has = rules.some(({ rule }) =>
      wanted.rule === undefined ? rule.record !== undefined : rule.record === wanted.rule,
    );
    return environment === wanted.environment && meant && has;
  });
  if (chosen.length > 0) return chosen;
  throw new HavnError(`No such recording rule in environment ${wanted.environment}`, {
    status: 404,
    detail: "havn rules lists what there is.",
  });
}

const alertOf = ({
  rule,
  labels,
  annotations,
  summary,
  severity,
  environment,
  state,
  activeSince,
  value,
}: AlertRecord) => ({
  labels: { severity, env: environment, ...labels, alertname: rule },
  annotations: annotations ?? { summary },
  state,
  activeAt: new Date(activeSince).toISOString(),
  value: String(value ?? "NaN"),
});

/** A group as it is told, wherever its rules were declared. */
interface ShownGroup {
  name: string;
  file: string;
  limit: number;
  intervalMs: number;
  durationMs: number;
  lastEvaluation: number;
  rules: readonly ShownRule[];
}

type Active = ReturnType<typeof activeByScope>;
type ShownRule = Omit<RuleState, "id" | "expr" | "warnings" | "evaluations" | "failures">;

const shownOf = ({
  declared: { properties },
  interval,
  durationMs,
  lastEvaluation,
  rules,
}: RuleGroup): ShownGroup => ({
  ...{ name: properties.group, file: properties.file, limit: properties.limit },
  ...{ intervalMs: interval, durationMs, lastEvaluation, rules },
});

/** Rules of type `alert` are groups of their environment's. */
function declaredGroups(declared: readonly DeclaredAlert[]): ShownGroup[] {
  const byEnvironment = Map.groupBy(declared, ({ rule }) => rule.environment);
  return [...byEnvironment].map(([environment, alerts]) => ({
    ...{ name: environment, file: "havn.config.ts", limit: 0 },
    ...{ intervalMs: 5_000, durationMs: 0, lastEvaluation: 0 },
    rules: alerts.map(({ rule: { name, properties }, scope, lastError, lastEvaluation, durationMs }) => ({
      ...{ scope, lastError, lastEvaluation, durationMs },
      rule: {
        ...{ alert: name, expr: properties.expr, for: properties.for },
        ...(properties.keepFiringFor !== undefined && { keep_firing_for: properties.keepFiringFor }),
        labels: { ...properties.labels, severity: properties.severity },
        annotations: { ...properties.annotations, summary: properties.summary },
      },
      health: lastError === "" ? ("ok" as const) : ("err" as const),
    })),
  }));
}

function rulesOf(groups: readonly ShownGroup[], given: Parameters, book: Book): unknown {
  const alerts = activeByScope(book);
  const matchers = given["match[]"].map(matchersOf);
  const wanted = (list: readonly string[], name: string) => list.length === 0 || list.includes(name);
  const shown = groups
    .filter(({ name, file }) => wanted(given["rule_group[]"], name) && wanted(given["file[]"], file))
    .map((group) => groupOf(group, { given, matchers, alerts }))
    .filter(({ rules }) => rules.length > 0);
  if (given.group_limit === undefined) return { groups: shown };
  const ids = shown.map(({ file, name }) => `${file};${name}`);
  const from = given.group_next_token === undefined ? 0 : ids.indexOf(given.group_next_token);
  if (from < 0) throw new HavnError('invalid parameter "group_next_token"', { status: 400 });
  const next = ids[from + given.group_limit];
  return {
    groups: shown.slice(from, from + given.group_limit),
    ...(next !== undefined && { groupNextToken: next }),
  };
}

function groupOf(
  group: ShownGroup,
  { given, matchers, alerts }: { given: Parameters; matchers: readonly Matcher[][]; alerts: Active },
) {
  const { name, file, limit } = group;
  const rules = group.rules.filter(({ rule }) => {
    const kind = rule.record === undefined ? "alert" : "record";
    const names = given["rule_name[]"];
    return (
      (given.type === undefined || given.type === kind) &&
      (names.length === 0 || names.includes(rule.record ?? rule.alert ?? "")) &&
      (matchers.length === 0 || matchers.some((set) => matchesLabels(set, rule.labels ?? {})))
    );
  });
  return {
    ...{ name, file, limit, interval: group.intervalMs / 1000 },
    evaluationTime: group.durationMs / 1000,
    lastEvaluation: timeOf(group.lastEvaluation),
    rules: rules.map((state) => ruleOf(state, { alerts, withAlerts: given.exclude_alerts !== "true" })),
  };
}

function ruleOf(state: ShownRule, { alerts: active, withAlerts }: { alerts: Active; withAlerts: boolean }) {
  const { rule, health, lastError, lastEvaluation, durationMs, scope } = state;
  const common = {
    ...{ name: rule.record ?? rule.alert, query: rule.expr, labels: rule.labels ?? {}, health },
    ...(lastError !== "" && { lastError }),
    evaluationTime: durationMs / 1000,
    lastEvaluation: timeOf(lastEvaluation),
  };
  if (rule.record !== undefined) return { ...common, type: "recording" };
  const alerts = active(scope);
  return {
    ...common,
    state: stateOf(alerts),
    duration: parseDuration(rule.for ?? "0s") / 1000,
    keepFiringFor: parseDuration(rule.keep_firing_for ?? "0s") / 1000,
    annotations: rule.annotations ?? {},
    ...(withAlerts && { alerts: alerts.map(alertOf) }),
    type: "alerting",
  };
}

/** Prometheus tells the time zero for what never was. */
const timeOf = (at: number) => (at === 0 ? "0001-01-01T00:00:00Z" : new Date(at).toISOString());

function matchersOf(text: string): Matcher[] {
  try {
    const expr = parsePromql(text);
    if (expr.kind === "selector") return [...expr.matchers];
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
  }
  throw new HavnError(`invalid parameter "match[]": ${text.slice(0, 100)} is no series selector`, {
    status: 400,
  });
}

function matchesLabels(matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every(({ name, operator, value }) => {
    const actual = labels[name] ?? "";
    if (operator === "=" || operator === "!=") return (actual === value) === (operator === "=");
    return compileAnchored(value).test(actual) === (operator === "=~");
  });
}
