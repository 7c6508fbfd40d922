import { availableParallelism } from "node:os";

/** What waits for others needs little; a process needs memory and a core, a browser much of both. */
export type PoolName = "sockets" | "processes" | "browsers";

export interface Pools {
  /** Runs `work` as soon as there is room, in the order of asking. */
  take(pool: PoolName, work: () => Promise<void>): Promise<void>;
}

const usual = (): Record<PoolName, number> => ({
  sockets: 512,
  processes: 8 * availableParallelism(),
  browsers: 1,
});

export function createPools(limits: Partial<Record<PoolName, number>> = {}): Pools {
  const room: Record<PoolName, number> = { ...usual(), ...limits };
  const waiting: Record<PoolName, (() => void)[]> = { sockets: [], processes: [], browsers: [] };
  return {
    async take(pool, work) {
      // Whoever leaves hands its place on, so that nobody who comes later passes those who wait.
      if (room[pool] === 0) await new Promise<void>((resolve) => waiting[pool].push(resolve));
      else room[pool]--;
      try {
        await work();
      } finally {
        const next = waiting[pool].shift();
        if (next) next();
        else room[pool]++;
      }
    },
  };
}
