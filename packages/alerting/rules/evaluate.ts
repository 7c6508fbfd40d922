import { parseDuration } from "@havn/model";
import { type Expr, parsePromql } from "@havn/promql";
import type { Rule } from "../store.ts";
import type { Column } from "./ask.ts";
import { type Finding, ownExpr, type Speech } from "./condition.ts";

/** How often rules of type `alert` are evaluated unless they say so themselves. */
export const usualIntervalMs = 5000;

export const ruleScope = (rule: { address: string }) => `rule ${rule.address}`;

/** A rule sees its own environment's series only. Throws a PromqlError. */
export const ruleExpression = ({ environment, properties: { expr } }: Rule): Expr =>
  expr === "" ? parsePromql("vector(0)") : ownExpr(expr, environment);

export const ruleInterval = ({ properties: { interval } }: Rule): number =>
  interval === undefined ? usualIntervalMs : parseDuration(interval);

export function ruleSpeech({ address, environment, name, properties }: Rule): Speech {
  const { summary, severity, labels = {}, annotations = {} } = properties;
  return {
    ...{ name, environment, address, source: address, labels, annotations, own: { summary, severity } },
    ...{ forMs: parseDuration(properties.for), externalLabels: {} },
  };
}

/** What a column says at a moment; undefined where it says nothing. */
export function findingAt({ labels, values, present, facts }: Column, index: number): Finding | undefined {
  if (!present[index]) return undefined;
  return {
    labels,
    value: values[index] ?? Number.NaN,
    ...(facts && {
      facts: Object.fromEntries(Object.entries(facts).map(([name, all]) => [name, all[index] ?? Number.NaN])),
    }),
  };
}
