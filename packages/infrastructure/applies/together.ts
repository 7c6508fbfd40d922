/**
 * Work that many ask for at about the same time, done for all of them at once: what is asked while it is at work waits
 * for its end and then goes together. Where the work fails, it has failed for all that asked for it.
 */
export function together<Asked, Given>(
  work: (asked: readonly Asked[]) => Promise<readonly Given[]>,
): (asked: Asked) => Promise<Given> {
  let waiting: { asked: Asked; resolve(given: Given): void; reject(cause: unknown): void }[] = [];
  let busy = false;

  async function run(): Promise<void> {
    busy = true;
    while (waiting.length > 0) {
      const taken = waiting;
      waiting = [];
      try {
        const given = await work(taken.map(({ asked }) => asked));
        for (const [index, { resolve }] of taken.entries()) resolve(given[index] as Given);
      } catch (cause) {
        for (const { reject } of taken) reject(cause);
      }
    }
    busy = false;
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject });
      // Whoever asks in the same turn goes along.
      if (!busy) {
        busy = true;
        queueMicrotask(() => void run());
      }
    });
}
