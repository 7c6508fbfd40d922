import type { BucketQuestion } from "@havn/promql/querier";
import { cutOff, type Keeps } from "./keeps.ts";
import { hourMs, type TierName, tiers } from "./tiers.ts";

/** What is rolled up, in milliseconds since the epoch. */
export interface Rolled {
  since: number;
  until: number;
}

export interface Choice {
  tier: TierName;
  /** Its buckets begin and end where the question's windows do. */
  exact: boolean;
}

export interface State {
  keeps: Keeps;
  rolled: Rolled;
  now: number;
}

type Windows = Pick<BucketQuestion, "base" | "stride" | "count" | "rangeMs" | "exact" | "newest">;

/** Less than that is read from samples as fast, which mostly are in memory. */
const worthwhileMs = 12 * hourMs;
const coarsestFirst = ["1h", "5m"] as const;

/**
 * The tier that a question is answered from; undefined: from samples. Where buckets fit, the coarsest that reaches back
 * far enough; where they do not, samples, as long as they are there, and else the finest that reaches.
 */
export function chooseTier(windows: Windows, state: State): Choice | undefined {
  const { keeps, rolled } = state;
  const start = startOf(windows);
  const all = samplesReach(windows, state);
  if (all && rolled.until - Math.max(start, rolled.since) < worthwhileMs) return undefined;
  for (const tier of coarsestFirst)
    if (reaches(start, keeps[tier], state) && fits(windows, tiers[tier].resolutionMs))
      return { tier, exact: true };
  if (all) return undefined;
  const finest =
    coarsestFirst.findLast((tier) => reaches(start, keeps[tier], state)) ??
    (keeps["5m"] > keeps["1h"] ? "5m" : "1h");
  return keeps[finest] > keeps.raw ? { tier: finest, exact: false } : undefined;
}

/** Whether all samples that the question needs are kept. */
export const samplesReach = (windows: Windows, state: State): boolean =>
  reaches(startOf(windows), state.keeps.raw, state);

const startOf = ({ base, rangeMs }: Windows): number => base - rangeMs;

/** Before the first sample of all nothing is gone. */
function reaches(start: number, keep: number, { rolled, now }: State): boolean {
  const from = cutOff(now, keep);
  return keep > 0 && (from <= rolled.since || from <= start);
}

function fits({ base, stride, count, rangeMs, exact, newest }: Windows, resolutionMs: number): boolean {
  if (!exact || base % resolutionMs !== 0) return false;
  if (count > 1 && stride % resolutionMs !== 0) return false;
  return newest === true || rangeMs % resolutionMs === 0;
}
