import { formatAddress, type Labels, parseDuration } from "@havn/model";
import { type Expr, type InstantResult, parsePromql, restrict } from "@havn/promql";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";
import type { Rule } from "../store.ts";
import { fillTemplate } from "./template.ts";

export const ruleScope = (rule: { address: string }) => `rule ${rule.address}`;

/** A rule sees its own environment's series only. Throws a PromqlError. */
export const ruleExpression = ({ environment, properties }: Rule): Expr =>
  restrict(parsePromql(properties.expr), { name: "env", operator: "=", value: environment });

/** Each series of the result is something wrong. */
export function conditionsOf(rule: Rule, result: InstantResult): Condition[] {
  switch (result.type) {
    case "vector":
      return result.vector.map(({ labels, value }) => conditionOf(rule, labels, value));
    case "scalar":
      return [conditionOf(rule, {}, result.value)];
    case "string":
    case "matrix":
      return [];
  }
}

function conditionOf(rule: Rule, series: Labels, value: number): Condition {
  const { __name__: _, ...labels } = series;
  const { environment, properties } = rule;
  return {
    fingerprint: fingerprint(rule.address, labels),
    rule: rule.name,
    environment,
    address: labels.resource ?? rule.address,
    ...(labels.host && { host: formatAddress({ environment, type: "host", name: labels.host }) }),
    severity: properties.severity,
    summary: fillTemplate(properties.summary, { labels, value }),
    labels,
    // JSON has no NaN and no infinity; such a value is told in the summary only.
    ...(Number.isFinite(value) && { value }),
    forMs: parseDuration(properties.for),
  };
}
