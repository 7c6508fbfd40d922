import type { RuleGroup } from "../rulegroups/group.ts";
import type { DeclaredAlert } from "./declared.ts";

interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * How rules go, in Prometheus' own names where it has one. `rule_group` is `file;group`, as there; rules of type `alert`
 * are the group `havn.config.ts;ENVIRONMENT`.
 */
export function ruleSamples(
  groups: readonly RuleGroup[],
  declared: readonly DeclaredAlert[],
  unmatched: (id: string) => readonly string[],
): Sample[] {
  const samples: Sample[] = [];
  const add = (name: string, labels: Sample["labels"], value: number) =>
    void samples.push({ name, labels, value });
  const addUnmatched = (labels: Sample["labels"], rule: string, id: string) => {
    const count = unmatched(id).length;
    if (count > 0) add("havn_rule_unmatched_selectors", { ...labels, rule }, count);
  };
  for (const group of groups) {
    const { environment, properties } = group.declared;
    const labels = { env: environment, rule_group: `${properties.file};${properties.group}` };
    addCounts(group.rules, labels, add);
    add("prometheus_rule_group_interval_seconds", labels, group.interval / 1000);
    add("prometheus_rule_group_last_duration_seconds", labels, group.durationMs / 1000);
    add("prometheus_rule_group_last_evaluation_timestamp_seconds", labels, group.lastEvaluation / 1000);
    add("prometheus_rule_group_iterations_total", labels, group.iterations);
    add("prometheus_rule_group_iterations_missed_total", labels, group.missed);
    add("havn_rule_group_lateness_seconds", labels, group.latenessMs / 1000);
    add("havn_rule_group_left_out_rules", labels, properties.broken.length);
    for (const { rule, id } of group.rules) addUnmatched(labels, rule.record ?? rule.alert ?? "", id);
  }
  for (const [environment, rules] of Map.groupBy(declared, ({ rule }) => rule.environment)) {
    const labels = { env: environment, rule_group: `havn.config.ts;${environment}` };
    addCounts(rules, labels, add);
    for (const { rule, scope } of rules) addUnmatched(labels, rule.name, scope);
  }
  return samples;
}

function addCounts(
  rules: readonly { evaluations: number; failures: number }[],
  labels: Sample["labels"],
  add: (name: string, labels: Sample["labels"], value: number) => void,
): void {
  const sum = (pick: (rule: { evaluations: number; failures: number }) => number) =>
    rules.reduce((total, rule) => total + pick(rule), 0);
  add("prometheus_rule_group_rules", labels, rules.length);
  add(
    "prometheus_rule_evaluations_total",
    labels,
    sum(({ evaluations }) => evaluations),
  );
  add(
    "prometheus_rule_evaluation_failures_total",
    labels,
    sum(({ failures }) => failures),
  );
}
