import type { SnapshotLevel } from "../schedules/escalation.ts";

/** A page as far as its next step depends on it. Times in milliseconds since the epoch. */
export interface PageState {
  state: "open" | "acknowledged" | "resolved";
  levels: readonly SnapshotLevel[];
  /** Counts the times that it was gone through; an acknowledgement that ran out begins the next one. */
  round: number;
  level: number;
  /** When this level was asked; null before it was. */
  askedAt: number | null;
  acknowledgedUntil: number | null;
}

export type Decision =
  | { kind: "end" }
  | { kind: "wait"; until: number }
  | { kind: "ask"; round: number; level: number; because: string };

/** Later rounds take their time: twice, four times, at most eight times as long. */
const patience = (round: number) => Math.min(2 ** round, 8);

/**
 * What a page does next. Nothing but a person's answer or the end of the trouble stops it. After a standstill only the
 * next level is asked: those whose time passed meanwhile are not gone through one by one.
 */
export function decide(page: PageState, now: number): Decision {
  const { levels, round, level, askedAt } = page;
  switch (page.state) {
    case "resolved":
      return { kind: "end" };
    case "acknowledged": {
      const until = page.acknowledgedUntil ?? now;
      if (now < until) return { kind: "wait", until };
      return { kind: "ask", round: round + 1, level: 0, because: "the acknowledgement ran out" };
    }
    case "open": {
      if (askedAt === null) return { kind: "ask", round, level, because: "it began" };
      const until = askedAt + (levels[level]?.timeout ?? 0) * patience(round);
      if (now < until) return { kind: "wait", until };
      if (level + 1 < levels.length)
        return { kind: "ask", round, level: level + 1, because: "nobody answered" };
      return { kind: "ask", round: round + 1, level: 0, because: "nobody answered on any level" };
    }
  }
}
