import type { Notification } from "./groups.ts";

/** What was last told about a group to a receiver. Fingerprints; `at` in milliseconds since the epoch. */
export interface Told {
  at: number;
  /** Counts what was told: part of a notification's identity. */
  sequence: number;
  firing: readonly string[];
  resolved: readonly string[];
  /** Not taken in yet, as far as is known: it goes out again under its name, before anything else about the group. */
  pending?: PendingNotification | undefined;
}

/** Its alerts are those that `firing` and `resolved` name; earlier versions kept them here once more. */
export type PendingNotification = Omit<Notification, "alerts"> & { alerts?: Notification["alerts"] };

export type NotifyReason = "first" | "more firing" | "all resolved" | "some resolved" | "repeat";

/**
 * Whether a group is to be told: why, or undefined (Alertmanager, notify.DedupStage, with send_resolved set: a receiver
 * that does not want to hear of ends sees the reason).
 */
export function needsTelling(
  before: Told | undefined,
  now: { firing: readonly string[]; resolved: readonly string[]; at: number },
  { repeatInterval }: { repeatInterval: number },
): NotifyReason | undefined {
  if (!before) return now.firing.length > 0 ? "first" : undefined;
  if (!isSubset(now.firing, before.firing)) return before.firing.length === 0 ? "first" : "more firing";
  if (now.firing.length === 0) return before.firing.length > 0 ? "all resolved" : undefined;
  if (!isSubset(now.resolved, before.resolved)) return "some resolved";
  return before.at < now.at - repeatInterval ? "repeat" : undefined;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const known = new Set(whole);
  return part.every((one) => known.has(one));
}
