import { type AlertRule, checkProperties, describeReferences } from "@havn/model";
import type { RuleGroup } from "../rulegroups/group.ts";
import { chartOf } from "../rules/chart.ts";
import type { Probe, Rule } from "../store.ts";
import type { AlertRecord } from "./machine.ts";

export interface RuleSources {
  rules: readonly { rule: Rule; scope: string; lastError: string }[];
  groups: readonly RuleGroup[];
  probes: ReadonlyMap<string, Probe>;
}

/** What an alert comes from: a declared rule, one in Prometheus' form, a check, or something that Havn watches itself. */
export function ruleOf(record: AlertRecord, sources: RuleSources): AlertRule {
  return (
    declaredRule(record, sources) ??
    groupRule(record, sources) ??
    checkRule(record, sources) ?? {
      ...{ kind: "condition", name: record.rule, where: "", labels: {}, annotations: {} },
      ...{ health: "ok", lastError: "" },
    }
  );
}

function declaredRule({ scope }: AlertRecord, { rules }: RuleSources): AlertRule | undefined {
  const found = rules.find((one) => one.scope === scope);
  if (!found) return undefined;
  const { rule, lastError } = found;
  const { name, address, environment, properties } = rule;
  return {
    ...{ kind: "alert", name, where: address, for: properties.for },
    ...(properties.expr !== "" && { expr: properties.expr }),
    ...(properties.keepFiringFor !== undefined && { keepFiringFor: properties.keepFiringFor }),
    labels: { severity: properties.severity, ...properties.labels },
    annotations: { summary: properties.summary, ...properties.annotations },
    ...{ health: lastError === "" ? "ok" : "err", lastError },
    ...withChart(properties.expr, environment),
  };
}

function groupRule({ scope }: AlertRecord, { groups }: RuleSources): AlertRule | undefined {
  for (const { declared, rules } of groups) {
    const found = rules.find((one) => one.rule.alert !== undefined && one.scope === scope);
    if (!found) continue;
    const { rule, health, lastError } = found;
    const { file, group } = declared.properties;
    return {
      ...{ kind: "rules", name: rule.alert ?? "", health, lastError, expr: rule.expr },
      where: `${declared.address} (${file}, ${group})`,
      ...(rule.for !== undefined && { for: rule.for }),
      ...(rule.keep_firing_for !== undefined && { keepFiringFor: rule.keep_firing_for }),
      ...{ labels: { ...rule.labels }, annotations: { ...rule.annotations } },
      ...withChart(rule.expr, declared.environment),
    };
  }
  return undefined;
}

function checkRule({ address }: AlertRecord, { probes }: RuleSources): AlertRule | undefined {
  const probe = address === undefined ? undefined : probes.get(address);
  if (!probe) return undefined;
  const { probe: asked } = describeReferences(checkProperties.parse(probe.properties)) as { probe: unknown };
  return {
    ...{ kind: "check", name: probe.name, where: probe.address, health: "ok", lastError: "" },
    ...{ labels: { ...probe.properties.labels }, annotations: { probe: JSON.stringify(asked) } },
    chart: { query: `havn_check_hard_state{resource=${JSON.stringify(probe.address)}}` },
  };
}

function withChart(expr: string, environment: string) {
  const chart = chartOf(expr, environment);
  return chart ? { chart } : {};
}
