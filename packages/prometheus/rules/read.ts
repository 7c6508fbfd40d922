import type { Diagnostic } from "@havn/model";
import { checkYaml, fault, isFault, readYaml, type Suggest, warning, type YamlFile } from "../config/yaml.ts";
import type { Rule, RulesProperties } from "./schema.ts";
import { writtenFile, writtenGroup, writtenRule } from "./schema.ts";

export interface ReadRulesOptions {
  suggest: Suggest;
  /** What is wrong with an expression; undefined where it can be read. */
  checkExpr(expr: string): string | undefined;
  /** What is wrong with a template of a label or annotation. */
  checkTemplate(text: string): string | undefined;
  /** Of `global`, for groups that name none. */
  interval?: string;
  queryOffset?: string;
  externalLabels?: Readonly<Record<string, string>>;
}

export interface ReadGroup {
  properties: RulesProperties;
  line: number;
}

/**
 * The groups of a rule file. A file that is no rule file is an error; a rule that cannot be read is a warning that names
 * its line, and the others go on.
 */
export function readRules(
  file: string,
  text: string,
  options: ReadRulesOptions,
): { groups: ReadGroup[]; diagnostics: Diagnostic[] } {
  const yaml = readYaml(file, text);
  if (isFault(yaml)) return { groups: [], diagnostics: [yaml] };
  const checked = checkYaml(yaml, writtenFile, options);
  if ("faults" in checked) return { groups: [], diagnostics: checked.faults };
  const diagnostics: Diagnostic[] = [];
  const groups: ReadGroup[] = [];
  const names = new Set<string>();
  for (const at of (checked.value?.groups ?? []).keys()) {
    const group = readGroup(yaml, at, { options, diagnostics });
    if (!group) continue;
    const { group: name } = group.properties;
    if (names.has(name))
      diagnostics.push(
        fault(
          yaml.at(["groups", at, "name"]),
          `There are two groups "${name}"`,
          `Rename one of them in ${file}.`,
        ),
      );
    names.add(name);
    groups.push(group);
  }
  return { groups, diagnostics };
}

interface Reading {
  options: ReadRulesOptions;
  diagnostics: Diagnostic[];
}

const valueAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((held, part) => (held as Record<string | number, unknown> | undefined)?.[part], value);

function readGroup(yaml: YamlFile, at: number, { options, diagnostics }: Reading): ReadGroup | undefined {
  const path = ["groups", at];
  const checked = checkYaml(yaml, writtenGroup, { ...options, path, value: valueAt(yaml.value, path) });
  if ("faults" in checked) {
    diagnostics.push(...checked.faults);
    return undefined;
  }
  const group = checked.value;
  const rules: Rule[] = [];
  const broken: RulesProperties["broken"] = [];
  for (const [index, written] of (group.rules ?? []).entries()) {
    const rulePath = [...path, "rules", index];
    const read = readRule(yaml, rulePath, { options, written });
    if ("rule" in read) rules.push(withGroupLabels(read.rule, group.labels ?? {}));
    else {
      const [first] = read.faults;
      const line = yaml.at(rulePath).line;
      const name = ruleName(written);
      const reasons = read.faults.map(({ summary, detail }) => `${summary}: ${detail}`);
      broken.push({ line, name, fault: reasons.join(" ") });
      diagnostics.push(
        warning(
          first?.at ?? yaml.at(rulePath),
          `Rule "${name}" of group "${group.name}" is left out`,
          `${reasons.join(" ")} The other rules go on.`,
        ),
      );
    }
  }
  return {
    line: yaml.at(path).line,
    properties: {
      ...{ group: group.name, file: yaml.file, rules, broken },
      interval: group.interval ?? options.interval ?? "1m",
      query_offset: group.query_offset ?? options.queryOffset ?? "0s",
      limit: group.limit ?? 0,
      external_labels: { ...options.externalLabels },
    },
  };
}

function readRule(
  yaml: YamlFile,
  path: readonly (string | number)[],
  { options, written }: { options: ReadRulesOptions; written: unknown },
): { rule: Rule } | { faults: Diagnostic[] } {
  const checked = checkYaml(yaml, writtenRule, { ...options, path, value: written });
  if ("faults" in checked) return checked;
  const { value } = checked;
  const faults: Diagnostic[] = [];
  const wrongExpr = options.checkExpr(value.expr);
  if (wrongExpr !== undefined)
    faults.push(fault(yaml.at([...path, "expr"]), "The expression cannot be read", `${wrongExpr}.`));
  if (value.alert !== undefined)
    for (const part of ["labels", "annotations"] as const)
      for (const [name, text] of Object.entries(value[part] ?? {})) {
        const wrong = options.checkTemplate(text);
        if (wrong !== undefined)
          faults.push(
            fault(yaml.at([...path, part, name]), `The template of ${name} cannot be read`, `${wrong}.`),
          );
      }
  if (faults.length > 0) return { faults };
  const { labels, annotations, ...rest } = value;
  return {
    rule: {
      ...rest,
      line: yaml.at(path).line,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
  };
}

const withGroupLabels = (rule: Rule, labels: Readonly<Record<string, string>>): Rule =>
  Object.keys(labels).length === 0 ? rule : { ...rule, labels: { ...labels, ...rule.labels } };

function ruleName(written: unknown): string {
  const { record, alert } = (written ?? {}) as { record?: unknown; alert?: unknown };
  return String(record ?? alert ?? "without a name");
}
