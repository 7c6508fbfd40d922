import { createHash } from "node:crypto";
import { type AnchoredRegexp, compileRegexp, expand } from "@havn/model/regexp";
import type { RelabelAction, RelabelRule } from "./rule.ts";

export type { RelabelAction, RelabelRule } from "./rule.ts";

export type Labels = Readonly<Record<string, string>>;

/** Rules with their defaults filled in, ready to be applied again and again. */
export type CompiledRules = readonly CompiledRule[];
interface CompiledRule {
  action: RelabelAction;
  sources: readonly string[];
  separator: string;
  regexp: AnchoredRegexp;
  modulus: bigint;
  target: string;
  replacement: string;
}

export function compileRules(rules: readonly RelabelRule[]): CompiledRules {
  return rules.map((rule) => ({
    action: rule.action ?? "replace",
    sources: rule.source_labels ?? [],
    separator: rule.separator ?? ";",
    regexp: compileRegexp(rule.regex ?? "(.*)"),
    modulus: BigInt(rule.modulus ?? 1),
    target: rule.target_label ?? "",
    replacement: rule.replacement ?? "$1",
  }));
}

/** What the labels become; undefined where a rule drops them. The same object comes back where nothing changes. */
export function relabel(labels: Labels, rules: CompiledRules): Labels | undefined {
  let now: Labels | undefined = labels;
  for (const rule of rules) {
    now = applyRule(now, rule);
    if (!now) return undefined;
  }
  return now;
}

export interface RelabelStep {
  rule: RelabelRule;
  before: Labels;
  /** Undefined: dropped here. */
  after: Labels | undefined;
  /** Why it was dropped, or why nothing happened. */
  note: string;
}

/** The same rule by rule, up to the one that drops. */
export function relabelSteps(labels: Labels, rules: readonly RelabelRule[]): RelabelStep[] {
  const steps: RelabelStep[] = [];
  let now: Labels = labels;
  for (const [at, compiled] of compileRules(rules).entries()) {
    const after = applyRule(now, compiled);
    const note = noteOf(compiled, now, after);
    steps.push({ rule: rules[at] ?? {}, before: now, after, note });
    if (!after) break;
    now = after;
  }
  return steps;
}

const joined = (labels: Labels, { sources, separator }: CompiledRule) =>
  sources.length === 1
    ? (labels[sources[0] ?? ""] ?? "")
    : sources.map((name) => labels[name] ?? "").join(separator);

function applyRule(labels: Labels, rule: CompiledRule): Labels | undefined {
  switch (rule.action) {
    case "replace":
      return replace(labels, rule);
    case "keep":
      return rule.regexp.test(joined(labels, rule)) ? labels : undefined;
    case "drop":
      return rule.regexp.test(joined(labels, rule)) ? undefined : labels;
    case "keepequal":
      return (labels[rule.target] ?? "") === joined(labels, rule) ? labels : undefined;
    case "dropequal":
      return (labels[rule.target] ?? "") === joined(labels, rule) ? undefined : labels;
    case "lowercase":
      return set(labels, rule.target, joined(labels, rule).toLowerCase());
    case "uppercase":
      return set(labels, rule.target, joined(labels, rule).toUpperCase());
    case "hashmod":
      return set(labels, rule.target, String(hashOf(joined(labels, rule)) % rule.modulus));
    case "labelmap":
      return labelmap(labels, rule);
    case "labeldrop":
      return filterNames(labels, (name) => !rule.regexp.test(name));
    case "labelkeep":
      return filterNames(labels, (name) => rule.regexp.test(name));
  }
}

function replace(labels: Labels, rule: CompiledRule): Labels {
  const match = rule.regexp.match(joined(labels, rule));
  if (!match) return labels;
  const target = expand(rule.target, match);
  // A target that is made of what matched may turn out to be no name; then nothing happens, as in Prometheus.
  return isLabelName(target) ? set(labels, target, expand(rule.replacement, match)) : labels;
}

function labelmap(labels: Labels, rule: CompiledRule): Labels {
  let now = labels;
  for (const name of Object.keys(labels).sort()) {
    const match = rule.regexp.match(name);
    if (match) now = set(now, expand(rule.replacement, match), labels[name] ?? "");
  }
  return now;
}

function set(labels: Labels, name: string, value: string): Labels {
  if ((labels[name] ?? "") === value) return labels;
  const { [name]: _, ...rest } = labels;
  return value === "" ? rest : { ...rest, [name]: value };
}

function filterNames(labels: Labels, keep: (name: string) => boolean): Labels {
  const kept = Object.entries(labels).filter(([name]) => keep(name));
  return kept.length === Object.keys(labels).length ? labels : Object.fromEntries(kept);
}

/** Prometheus takes the last eight bytes of the MD5 sum. */
const hashOf = (text: string): bigint => createHash("md5").update(text).digest().readBigUInt64BE(8);

/** Any UTF-8 text but none at all: Prometheus 3 takes such names. */
const isLabelName = (name: string) => name !== "" && name.isWellFormed();

function noteOf(rule: CompiledRule, before: Labels, after: Labels | undefined): string {
  if (after && after !== before) return "";
  const value = JSON.stringify(joined(before, rule));
  const from = rule.sources.length > 0 ? rule.sources.join(rule.separator) : "nothing";
  const other = JSON.stringify(before[rule.target] ?? "");
  if (!after)
    switch (rule.action) {
      case "keep":
        return `dropped: ${from} is ${value}, which ${rule.regexp.source} does not match`;
      case "drop":
        return `dropped: ${from} is ${value}, which ${rule.regexp.source} matches`;
      case "keepequal":
        return `dropped: ${from} is ${value}, but ${rule.target} is ${other}`;
      default:
        return `dropped: ${from} and ${rule.target} are both ${value}`;
    }
  if (rule.action === "replace" && !rule.regexp.test(joined(before, rule)))
    return `${from} is ${value}, which ${rule.regexp.source} does not match`;
  return "";
}
