import { setTimeout as sleep } from "node:timers/promises";
import { HavnError } from "@havn/model";

/** The server is away or restarting: the same question may be answered a moment later. */
export const isAway = (error: unknown): boolean =>
  error instanceof HavnError && (error.retryable || (error.status >= 502 && error.status !== diskFull));

const diskFull = 507;

/** `work` until it succeeds, fails for good, or the server has been away for `patienceMs`. Only for what may be asked
 *  twice. */
export async function patiently<T>(
  work: () => Promise<T>,
  { signal, patienceMs = 60_000 }: { signal: AbortSignal; patienceMs?: number },
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || Date.now() > deadline) throw error;
    }
    await sleep(300, undefined, { signal });
  }
}
