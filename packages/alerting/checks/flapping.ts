import type { CheckState } from "@havn/model";

/** As many results as are looked at, and how much more the newest change weighs than the oldest: Nagios' own figures. */
export const historyLength = 21;
const [oldestWeight, newestWeight] = [0.75, 1.25];

/** How much a check changed over its last 21 results, in per cent; newer changes weigh more. `history` is oldest first. */
export function flapPercent(history: readonly CheckState[]): number {
  const missing = historyLength - history.length;
  let changed = 0;
  for (let at = 1; at < history.length; at++) {
    if (history[at] === history[at - 1]) continue;
    // What was before the first result counts as no change.
    const step = at + missing - 1;
    changed += oldestWeight + (step * (newestWeight - oldestWeight)) / (historyLength - 2);
  }
  return (changed * 100) / (historyLength - 1);
}

/** Between the limits it stays what it was. */
export function isFlapping(before: boolean, percent: number, limits: { low: number; high: number }): boolean {
  if (percent >= limits.high) return true;
  return percent <= limits.low ? false : before;
}
