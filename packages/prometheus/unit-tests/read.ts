import type { Diagnostic } from "@havn/model";
import { z } from "zod";
import { duration, interval, labelSet, word } from "../config/values.ts";
import { checkYaml, fault, isFault, readYaml, type Suggest } from "../config/yaml.ts";

/** YAML's `.inf` and `.nan` among them. */
const anyNumber = z.custom<number | string>(
  (value) => typeof value === "number" || (typeof value === "string" && value.trim() !== ""),
  "expected a number",
);

const alertTest = z.strictObject({
  eval_time: duration.default("0s"),
  alertname: word,
  exp_alerts: z
    .array(z.strictObject({ exp_labels: labelSet.nullish(), exp_annotations: labelSet.nullish() }))
    .nullish(),
});
const exprTest = z.strictObject({
  expr: word,
  eval_time: duration.default("0s"),
  exp_samples: z
    .array(
      z.strictObject({
        labels: word.default(""),
        value: anyNumber.default(0),
        histogram: z.string().default(""),
      }),
    )
    .nullish(),
});
const testGroup = z.strictObject({
  name: word.optional(),
  interval: interval.optional(),
  input_series: z.array(z.strictObject({ series: word, values: word })).nullish(),
  alert_rule_test: z.array(alertTest).nullish(),
  promql_expr_test: z.array(exprTest).nullish(),
  external_labels: labelSet.nullish(),
  external_url: z.string().optional(),
});
const written = z.strictObject({
  rule_files: z.array(z.string()).nullish(),
  evaluation_interval: interval.default("1m"),
  group_eval_order: z.array(word).nullish(),
  fuzzy_compare: z.boolean().default(false),
  tests: z.array(testGroup).nullish(),
});

/** A file of unit tests of rules, in promtool's format. */
export type UnitTests = z.output<typeof written>;
export type UnitTestGroup = z.output<typeof testGroup>;

/** What stands in such a file, with the line that each of its tests begins at, or what is wrong in it. */
export function readUnitTests(
  file: string,
  text: string,
  suggest: Suggest,
): { tests: UnitTests; lineOf(path: readonly PropertyKey[]): number } | { faults: Diagnostic[] } {
  const yaml = readYaml(file, text);
  if (isFault(yaml)) return { faults: [yaml] };
  const checked = checkYaml(yaml, written, { suggest });
  if ("faults" in checked) return checked;
  const order = checked.value.group_eval_order ?? [];
  const twice = order.find((name, at) => order.indexOf(name) !== at);
  if (twice !== undefined)
    return {
      faults: [
        fault(
          yaml.at(["group_eval_order"]),
          `Group "${twice}" stands twice in group_eval_order`,
          "Remove one.",
        ),
      ],
    };
  return { tests: checked.value, lineOf: (path) => yaml.at(path).line };
}
