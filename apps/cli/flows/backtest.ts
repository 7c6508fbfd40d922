import { type BacktestAnswer, backtestLine, HavnError, type ResourceGraph } from "@havn/model";
import { type RulesProperties, rulesProperties } from "@havn/prometheus/schemas";
import type { Api } from "../api/client.ts";

export interface BacktestQuery {
  environment: string;
  rule?: string;
  alert?: { name: string; properties: unknown };
  group?: { name: string; properties: RulesProperties; rule: string };
  routes?: { name: string; properties: unknown }[];
  overrides: Record<string, string>;
  from: number;
  until: number;
}

/** Asks the control plane to replay a rule; `progress` is told how much is done (0 to 1). */
export async function askBacktest(
  query: BacktestQuery,
  { api, signal, progress }: { api: Api; signal: AbortSignal; progress(done: number): void },
): Promise<BacktestAnswer> {
  const lines = api.lines("/api/v1/rules/test", backtestLine, { body: query, signal, bytesAfter: () => 0 });
  for await (const { value } of lines) {
    if ("progress" in value) progress(value.progress);
    else if ("result" in value) return value.result;
    else {
      const { message, detail, status } = value.error;
      throw new HavnError(message, { status, ...(detail !== undefined && { detail }) });
    }
  }
  throw new HavnError("The control plane gave no result", { status: 503, retryable: true });
}

/** A rule as a configuration declares it, with the routes that stand beside it. Throws where there is none of that name. */
export function declaredRule(
  { environment, resources }: ResourceGraph,
  name: string,
): Pick<BacktestQuery, "environment" | "alert" | "group" | "routes"> {
  const routes = resources
    .filter(({ type }) => type === "route")
    .map(({ name: route, properties }) => ({ name: route, properties }));
  const alert = resources.find((one) => one.type === "alert" && [one.name, one.address].includes(name));
  if (alert) return { environment, routes, alert: { name: alert.name, properties: alert.properties } };
  for (const { type, name: group, properties } of resources) {
    if (type !== "rules") continue;
    const read = rulesProperties.parse(properties);
    const rule = read.rules.find(
      (one) => one.alert !== undefined && [one.alert, `${group}/${one.alert}`].includes(name),
    );
    if (rule?.alert !== undefined)
      return { environment, routes, group: { name: group, properties: read, rule: rule.alert } };
  }
  throw new HavnError(`The configuration declares no alerting rule "${name}"`, {
    detail: 'Rules are declared with alert("name", …), ruleFiles(…) or prometheus(…).',
    status: 404,
  });
}
