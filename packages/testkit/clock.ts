import { setImmediate } from "node:timers/promises";
import type { Clock } from "@havn/model";

export interface VirtualClock extends Clock {
  /**
   * Moves time forward. Sleepers wake in order of their time, each at exactly its time, and what they then do (also
   * new sleeps within the span) happens before the next one wakes. Resolves when all that was due has run.
   */
  advance(milliseconds: number): Promise<void>;
  /** How many sleeps are under way. */
  readonly sleepers: number;
}

interface Sleeper {
  at: number;
  wake(): void;
}

/** A clock that stands still until it is advanced. `start` is in milliseconds since the epoch. */
export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  const sleepers = new Set<Sleeper>();

  const earliest = (until: number) => {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers)
      if (sleeper.at <= until && (!first || sleeper.at < first.at)) first = sleeper;
    return first;
  };

  return {
    now: () => now,
    sleep(milliseconds, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { at: now + milliseconds, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake, { once: true });
      });
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (let next = earliest(end); next; next = earliest(end)) {
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = end;
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}

/** Lets everything that waits on promises alone run until it rests; a few turns, for chains that cross timers' queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
}
