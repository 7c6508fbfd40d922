import type { Steps } from "../interfaces.ts";

/**
 * Steps as the workflows record them. With `crashing`, the process "dies" after each step's work and before its
 * record, so that a flow only ends if every step may run twice.
 */
export function createSteps({ crashing }: { crashing: boolean }) {
  const recorded = new Map<string, unknown>();
  const tried = new Set<string>();
  return {
    recorded,
    /** Runs `flow` from the top until it ends; gives the number of crashes on the way. */
    async run(flow: (run: Steps) => Promise<void>): Promise<number> {
      for (let crashes = 0; ; crashes++) {
        const crash = Promise.withResolvers<"crashed">();
        const run: Steps = {
          async step(name, work) {
            if (recorded.has(name)) return recorded.get(name) as never;
            const result = await work();
            if (crashing && !tried.has(name)) {
              tried.add(name);
              crash.resolve("crashed");
              return new Promise<never>(() => {});
            }
            // As it comes back from the database.
            recorded.set(name, result === undefined ? undefined : JSON.parse(JSON.stringify(result)));
            return result;
          },
        };
        if ((await Promise.race([flow(run), crash.promise])) !== "crashed") return crashes;
      }
    },
  };
}
