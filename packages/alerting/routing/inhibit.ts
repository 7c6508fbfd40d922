import { type Labels, labelsKey } from "@havn/model";
import { type Matcher, matchesAll } from "./matchers.ts";

/** While something that `source` matches fires, what `target` matches is not told, if both agree in `equal`. */
export interface InhibitRule {
  source: readonly Matcher[];
  target: readonly Matcher[];
  equal: readonly string[];
}

interface Firing {
  fingerprint: string;
  labels: Labels;
}

export interface Inhibitor {
  /** Fingerprints of what holds this alert back; none where it is told. */
  inhibitedBy(alert: Firing): string[];
}

/**
 * Alertmanager's rule, its exception included: where an alert is both source and target, it is held back only by
 * sources that are no targets themselves, so that none holds back itself or its like.
 */
export function inhibitor(rules: readonly InhibitRule[], firing: readonly Firing[]): Inhibitor {
  if (rules.length === 0) return { inhibitedBy: () => [] };
  const sources = rules.map((rule) => {
    const byEqual = new Map<string, (Firing & { alsoTarget: boolean })[]>();
    for (const alert of firing) {
      if (!matchesAll(rule.source, alert.labels)) continue;
      const key = equalKey(rule, alert.labels);
      const known = byEqual.get(key) ?? [];
      known.push({ ...alert, alsoTarget: matchesAll(rule.target, alert.labels) });
      byEqual.set(key, known);
    }
    return { rule, byEqual };
  });
  return {
    inhibitedBy: ({ labels }) => [
      ...new Set(
        sources.flatMap(({ rule, byEqual }) => {
          if (byEqual.size === 0 || !matchesAll(rule.target, labels)) return [];
          const twoSided = matchesAll(rule.source, labels);
          return (byEqual.get(equalKey(rule, labels)) ?? [])
            .filter(({ alsoTarget }) => !(twoSided && alsoTarget))
            .map(({ fingerprint }) => fingerprint);
        }),
      ),
    ],
  };
}

const equalKey = ({ equal }: InhibitRule, labels: Labels): string =>
  labelsKey(Object.fromEntries(equal.map((name) => [name, labels[name] ?? ""])));
