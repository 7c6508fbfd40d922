import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

/** A schedule that leaves times in which nobody is on call. */
export interface Uncovered {
  environment: string;
  schedule: string;
  /** The first of them within the next days. Milliseconds since the epoch. */
  from: number;
  /** Who is asked instead. */
  fallback: string;
  /** When it begins, as people of its zone read it. */
  text: string;
  /** How many such times there are. */
  count: number;
}

export const uncoveredScope = "uncovered schedules";

export function uncoveredSchedules(all: readonly Uncovered[]): Condition[] {
  return all.map(({ environment, schedule, fallback, text, count }) => ({
    fingerprint: fingerprint("nobody is on call", { environment, schedule }),
    rule: "nobody is on call",
    environment,
    severity: "warning" as const,
    summary: `Schedule ${schedule} has nobody on call ${text}${count > 1 ? `, and ${count - 1} times more within a week` : ""}: ${fallback} is asked instead.`,
    labels: { schedule },
    value: count,
    forMs: 0,
  }));
}
