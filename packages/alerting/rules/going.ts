import type { Condition } from "../alerts/machine.ts";

/** An alert of a rule that goes on, for `keep_firing_for` and the series ALERTS. Times in milliseconds. */
export interface Going {
  condition: Condition;
  /** As they stand on series. */
  labels: Readonly<Record<string, string>>;
  since: number;
  /** When its expression held last. */
  seen: number;
}

export type Found = Pick<Going, "condition" | "labels">;

/** What holds goes on; what holds no more goes on for `keepMs`, once it has fired. Changes `going`. */
export function carryOn(
  going: Map<string, Going>,
  found: ReadonlyMap<string, Found>,
  { now, keepMs, since }: { now: number; keepMs: number; since(fingerprint: string): number | undefined },
): void {
  for (const [key, one] of going) {
    const fired = now - one.since >= one.condition.forMs;
    if (!found.has(key) && !(fired && now - one.seen < keepMs)) going.delete(key);
  }
  for (const [key, one] of found)
    going.set(key, { ...one, since: going.get(key)?.since ?? since(key) ?? now, seen: now });
}
