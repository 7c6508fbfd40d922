import type { Labels } from "@havn/model";
import { type Matcher, matchesValue } from "@havn/promql";
import { dayMs, type TierName, tierNames } from "./tiers.ts";

/** How long something is kept, in milliseconds. A tier of 0 is not kept. */
export type Keeps = Readonly<Record<"raw" | TierName, number>>;

export interface RetentionRule {
  matchers: readonly Matcher[];
  keeps: Keeps;
}

export interface Retention {
  /** For series that no rule matches. */
  otherwise: Keeps;
  rules: readonly RetentionRule[];
}

export const kinds = ["raw", ...tierNames] as const;
export type Kind = (typeof kinds)[number];

/** What is older goes. Whole days, so that it is found out once a day. */
export const cutOff = (now: number, keep: number): number => Math.floor((now - keep) / dayMs) * dayMs;

/** Of several rules that match a series the one that keeps longest counts, for samples and for each tier. */
export function keepsOf(retention: Retention, labels: Labels): Keeps {
  const matching = retention.rules.filter(({ matchers }) =>
    matchers.every((matcher) => matchesValue(labels[matcher.name] ?? "", matcher)),
  );
  return matching.length === 0 ? retention.otherwise : longest(matching.map(({ keeps }) => keeps));
}

/** What holds for all of these series: the shortest of each. */
export function keepsOfAll(retention: Retention, series: readonly Labels[]): Keeps {
  if (retention.rules.length === 0) return retention.otherwise;
  let common: Keeps | undefined;
  for (const labels of series) {
    const keeps = keepsOf(retention, labels);
    common = common ? shortest([common, keeps]) : keeps;
  }
  return common ?? retention.otherwise;
}

const combined = (all: readonly Keeps[], of: (...values: number[]) => number): Keeps => ({
  raw: of(...all.map(({ raw }) => raw)),
  "5m": of(...all.map((keeps) => keeps["5m"])),
  "1h": of(...all.map((keeps) => keeps["1h"])),
});
export const longest = (all: readonly Keeps[]): Keeps => combined(all, Math.max);
export const shortest = (all: readonly Keeps[]): Keeps => combined(all, Math.min);

/** The longest and the shortest that anything is kept. */
export const everyKeep = ({ otherwise, rules }: Retention): Keeps[] => [
  otherwise,
  ...rules.map(({ keeps }) => keeps),
];
