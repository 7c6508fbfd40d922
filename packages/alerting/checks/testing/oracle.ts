import { type CheckState, checkStates } from "@havn/model";
import type { CheckRules } from "../machine.ts";

/**
 * One service of Nagios, written down as its manual tells it ("State Types", "Detection and Handling of State Flapping",
 * "Volatile Services", "Notifications"): variables that change in place, a ring of 21 states, numbers for states. As
 * unlike our machine as it can be, so that both being wrong in the same way is unlikely.
 */
export function nagiosService(rules: CheckRules) {
  const ring: number[] = Array(21).fill(0);
  let ringIndex = 0;
  let seen = 0;
  let currentAttempt = 1;
  let isHard = true;
  let lastState = 0;
  let lastHardState = 0;
  let isFlapping = false;

  return (result: CheckState) => {
    const state = checkStates.indexOf(result);
    let hardChange = false;
    if (state === 0) {
      // A recovery: hard where the problem was hard; a soft one resets without a word.
      hardChange = lastHardState !== 0;
      currentAttempt = 1;
      isHard = true;
      lastHardState = 0;
    } else {
      if (lastState === 0) {
        currentAttempt = 1;
        isHard = false;
      } else if (!isHard && currentAttempt < rules.attempts) currentAttempt++;
      if (currentAttempt >= rules.attempts) isHard = true;
      if (isHard) {
        hardChange = lastHardState !== state;
        lastHardState = state;
      }
    }
    lastState = state;

    // The ring begins full of the first result: what came before is no change.
    if (seen === 0) ring.fill(state);
    ring[ringIndex] = state;
    ringIndex = (ringIndex + 1) % 21;
    seen++;
    let curved = 0;
    let previous = ring[ringIndex] ?? 0;
    for (let x = 1; x < 21; x++) {
      const current = ring[(ringIndex + x) % 21] ?? 0;
      if (current !== previous) curved += ((x - 1) * (1.25 - 0.75)) / 19 + 0.75;
      previous = current;
    }
    const percent = (curved * 100) / 20;
    let news: string | undefined;
    if (rules.flapping !== false) {
      if (percent >= rules.flapping.high) {
        if (!isFlapping) news = "flapping start";
        isFlapping = true;
      } else if (percent <= rules.flapping.low) {
        if (isFlapping) news = "flapping stop";
        isFlapping = false;
      }
    }
    const notify = hardChange || (rules.volatile && isHard && state !== 0);
    if (!news && !isFlapping && notify) news = state === 0 ? "recovery" : "problem";
    return {
      ...{ hard: isHard, attempt: currentAttempt, hardState: checkStates[lastHardState] },
      ...{ flapping: isFlapping, percent: percent.toFixed(6), news },
    };
  };
}
