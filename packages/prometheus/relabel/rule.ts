import { compileRegexp } from "@havn/model/regexp";
import { z } from "zod";

export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;
export type RelabelAction = (typeof relabelActions)[number];

const labelName = z.string().min(1, "a label's name is empty");

/** One entry of `relabel_configs` or `metric_relabel_configs`, in Prometheus' own words. */
export const relabelRule = z
  .strictObject({
    source_labels: z.array(labelName).optional(),
    separator: z.string().optional(),
    // A number in YAML, such as `regex: 80`, is text here too.
    regex: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
    modulus: z.number().int().min(0).optional(),
    target_label: z.string().optional(),
    replacement: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
    action: z
      .string()
      .transform((action) => action.toLowerCase())
      .pipe(z.enum(relabelActions))
      .optional(),
  })
  .superRefine((rule, context) => {
    for (const message of faultsOf(rule)) context.addIssue({ code: "custom", message });
  });
export type RelabelRule = z.output<typeof relabelRule>;

const needsTarget: ReadonlySet<RelabelAction> = new Set([
  ...(["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"] as const),
]);

function* faultsOf(rule: RelabelRule): Generator<string> {
  const action = rule.action ?? "replace";
  if (rule.regex !== undefined) {
    try {
      compileRegexp(rule.regex);
    } catch (error) {
      yield (error as Error).message;
    }
  }
  if (needsTarget.has(action) && !rule.target_label) yield `action ${action} needs target_label`;
  if (action === "hashmod" && !rule.modulus) yield "action hashmod needs a modulus above 0";
  const only = (allowed: readonly string[]) =>
    Object.keys(rule).filter((key) => key !== "action" && !allowed.includes(key));
  if (action === "labeldrop" || action === "labelkeep")
    for (const key of only(["regex"])) yield `action ${action} takes only regex, not ${key}`;
  if (action === "keepequal" || action === "dropequal")
    for (const key of only(["source_labels", "target_label"]))
      yield `action ${action} takes only source_labels and target_label, not ${key}`;
}
