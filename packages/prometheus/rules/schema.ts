import { z } from "zod";
import { duration, interval, labelSet, word } from "../config/values.ts";

const common = {
  expr: word,
  labels: labelSet.nullish(),
};

/** A group of a rule file as it is written. Each rule is read alone, so that one bad rule harms no other. */
export const writtenGroup = z.strictObject({
  name: word.refine((name) => name !== "", "a group has no name"),
  interval: interval.optional(),
  query_offset: duration.optional(),
  limit: z.number().int().min(0).optional(),
  labels: labelSet.nullish(),
  rules: z.array(z.unknown()).nullish(),
});

export const writtenFile = z.strictObject({ groups: z.array(z.unknown()).nullish() }).nullable();

const metricName = word.refine((name) => name !== "" && name.isWellFormed(), "is no name of a metric");
const labelNames = (labels: Readonly<Record<string, string>> | null | undefined) =>
  !Object.keys(labels ?? {}).includes("__name__");

export const writtenRule = z
  .strictObject({
    ...common,
    record: metricName.optional(),
    alert: z.string().optional(),
    for: duration.optional(),
    keep_firing_for: duration.optional(),
    annotations: labelSet.nullish(),
  })
  .superRefine((rule, context) => {
    const fail = (message: string) => context.addIssue({ code: "custom", message });
    if ((rule.record === undefined) === (rule.alert === undefined)) fail("a rule has either record or alert");
    if (rule.record !== undefined)
      for (const key of ["for", "keep_firing_for", "annotations"] as const)
        if (rule[key] !== undefined) fail(`a recording rule has no ${key}`);
    if (rule.expr.trim() === "") fail("expr is empty");
    if (!labelNames(rule.labels)) fail("__name__ cannot be set as a label");
  });

const place = { line: z.number().int().positive().optional() };

const rule = z.strictObject({
  ...place,
  expr: z.string(),
  record: z.string().optional(),
  alert: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  for: duration.optional(),
  keep_firing_for: duration.optional(),
});
export type Rule = z.output<typeof rule>;

/** Type `rules`: a group of rules, evaluated in order and together, in Prometheus' words. */
export const rulesProperties = z.strictObject({
  /** The group's own name; the resource's is made of it. */
  group: z.string().min(1),
  /** The file that it stands in, as the user would type it. */
  file: z.string(),
  interval: interval.default("1m"),
  query_offset: duration.default("0s"),
  limit: z.number().int().min(0).default(0).describe("most series a rule may make; 0 is no limit"),
  rules: z.array(rule),
  /** Rules that could not be read: shown, never evaluated. */
  broken: z.array(z.strictObject({ ...place, name: z.string(), fault: z.string() })).default([]),
  external_labels: z.record(z.string(), z.string()).default({}).describe("for templates"),
});
export type RulesProperties = z.output<typeof rulesProperties>;
