import type { CheckMemory, CheckSpec, CheckState } from "@havn/model";
import { flapPercent, historyLength, isFlapping } from "./flapping.ts";

export type CheckRules = Pick<CheckSpec, "attempts" | "flapping" | "volatile">;

/** What people would be told of a step: Nagios' notification types. */
export type CheckNews = "problem" | "recovery" | "flapping start" | "flapping stop";

export interface CheckStep {
  memory: CheckMemory;
  /** Undefined: nothing to tell. */
  news: CheckNews | undefined;
}

/**
 * What one more result makes of a check, as Nagios decides it. A problem is soft until it was found `attempts` times in a
 * row, whatever its state; then it is hard. A hard problem that changes its state is news, a soft one never is. A check
 * that flaps tells only that it does. What came before the first result counts as OK.
 */
export function advanceCheck(
  before: CheckMemory | undefined,
  seen: { state: CheckState; at: number },
  rules: CheckRules,
): CheckStep {
  const last = before ?? unheardOf(seen.at);
  const settled = settle(last, seen.state, rules.attempts);
  const history = [...last.history, seen.state].slice(-historyLength);
  const percent = flapPercent(history);
  const flapping = rules.flapping !== false && isFlapping(last.flapping, percent, rules.flapping);
  const hardState = settled.hard ? seen.state : last.hardState;
  const again = rules.volatile && settled.hard && seen.state !== "ok";
  const changed = settled.hard && hardState !== last.hardState;
  const memory: CheckMemory = {
    ...{ state: seen.state, ...settled, hardState, history, flapping, flapPercent: percent },
    since: before && last.state === seen.state ? last.since : seen.at,
    hardSince: before && !changed ? last.hardSince : seen.at,
    troubles: last.troubles + (again ? 1 : 0),
  };
  return { memory, news: newsOf(last, memory, { changed, again }) };
}

const unheardOf = (at: number): CheckMemory => ({
  ...{ state: "ok", hard: true, attempt: 1, hardState: "ok", since: at, hardSince: at },
  ...{ history: [], flapping: false, flapPercent: 0, troubles: 0 },
});

/** Whether it is believed, and at which attempt. */
function settle(
  last: CheckMemory,
  state: CheckState,
  attempts: number,
): Pick<CheckMemory, "hard" | "attempt"> {
  // A soft problem that goes is over at once: nobody was told of it.
  if (state === "ok") return { hard: true, attempt: 1 };
  if (last.state === "ok") return { hard: attempts <= 1, attempt: 1 };
  if (last.hard) return { hard: true, attempt: last.attempt };
  const attempt = Math.min(last.attempt + 1, attempts);
  return { hard: attempt >= attempts, attempt };
}

function newsOf(
  last: CheckMemory,
  now: CheckMemory,
  { changed, again }: { changed: boolean; again: boolean },
): CheckNews | undefined {
  if (now.flapping !== last.flapping) return now.flapping ? "flapping start" : "flapping stop";
  if (now.flapping || !(changed || again)) return undefined;
  return now.state === "ok" ? "recovery" : "problem";
}
