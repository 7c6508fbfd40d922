import { systemClock } from "@havn/model";

/**
 * Waits for a condition and returns what it gave. Asks every `intervalMs`; an error that it throws counts as "not yet"
 * and is the cause when time runs out. The bound is for a hung machine, not a measure: leave it generous.
 */
export async function until<T>(
  condition: () => Promise<T> | T,
  options: { what: string; timeoutMs?: number; intervalMs?: number },
): Promise<Exclude<T, false | undefined | null | 0 | "">> {
  const { what, timeoutMs = 120_000, intervalMs = 25 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | undefined | null | 0 | "">;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, {
        ...(cause !== undefined && { cause }),
      });
    await systemClock.sleep(intervalMs);
  }
}
