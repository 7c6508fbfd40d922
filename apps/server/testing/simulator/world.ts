import type { Clock } from "@havn/model";
import { type VirtualClock, virtualClock } from "@havn/testkit";

/** Numbers that follow from a seed (mulberry32). */
export function createChance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    below: (limit: number) => Math.floor(next() * limit),
    between: (from: number, to: number) => from + next() * (to - from),
  };
}
export type Chance = ReturnType<typeof createChance>;

/**
 * Time as the world has it, and as a control plane reads it off a clock that may be set wrong. Both in milliseconds.
 */
export interface World {
  chance: Chance;
  time: VirtualClock;
  /** The control plane's own clock. */
  wall: Clock;
  /** Sets the control plane's clock. */
  step(milliseconds: number): void;
  /** How often its clock was set. */
  readonly steps: number;
  /** Which control plane lives: what an earlier one was doing never ends. */
  readonly life: number;
  kill(): void;
  /** Until when PostgreSQL is away. */
  databaseBackAt: number;
}

export function createWorld(seed: number): World {
  const chance = createChance(seed);
  const time = virtualClock(Date.UTC(2026, 0, 1));
  let [offset, steps, life] = [0, 0, 0];
  return {
    ...{ chance, time, databaseBackAt: 0 },
    wall: { now: () => time.now() + offset, sleep: time.sleep },
    step(milliseconds) {
      offset += milliseconds;
      steps += 1;
    },
    get steps() {
      return steps;
    },
    get life() {
      return life;
    },
    kill() {
      life += 1;
    },
  };
}

/** What a control plane that is no more would go on with. */
export const never = () => new Promise<never>(() => {});

/** As the client of PostgreSQL says it. */
class Outage extends Error {
  readonly code = "57P01";
  readonly severity = "FATAL";
}

/**
 * The way of one control plane to its database: each use takes a moment in which it may be killed, and fails while
 * PostgreSQL is away.
 */
export function connection(world: World, life: number) {
  const check = async (): Promise<void> => {
    // A few turns: others get in between.
    for (let turns = world.chance.below(3); turns >= 0; turns--) await Promise.resolve();
    if (world.life !== life) return never();
    if (world.time.now() < world.databaseBackAt) throw new Outage("terminating connection");
  };
  return {
    check,
    /** Waits until the database is back. */
    async through<T>(work: () => PromiseLike<T>): Promise<T> {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof Outage)) throw error;
          await world.time.sleep(500);
          if (world.life !== life) return never();
        }
      }
    },
  };
}
export type Connection = ReturnType<typeof connection>;
