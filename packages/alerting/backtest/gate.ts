import { HavnError } from "@havn/model";

/**
 * Lets so many in at a time, in order, and so many wait. Resolves to what is to be called when one is through. Throws a
 * HavnError (429) where too many wait, and what `signal` says where it aborts first.
 */
export function createGate({ atOnce, waiting }: { atOnce: number; waiting: number }) {
  let inside = 0;
  const queue: (() => void)[] = [];
  const leave = (): void => {
    const next = queue.shift();
    // Its place goes over to the next.
    if (next) next();
    else inside--;
  };
  return async (signal: AbortSignal): Promise<() => void> => {
    signal.throwIfAborted();
    if (inside < atOnce) {
      inside++;
      return leave;
    }
    if (queue.length >= waiting)
      throw new HavnError("Too many rules are being tested at a time", {
        detail: `${atOnce} are tested at once and ${waiting} wait. Try again in a while.`,
        ...{ status: 429, retryable: true, retryAfter: 5 },
      });
    const turn = Promise.withResolvers<void>();
    const giveUp = () => {
      queue.splice(queue.indexOf(turn.resolve), 1);
      turn.reject(signal.reason);
    };
    queue.push(turn.resolve);
    signal.addEventListener("abort", giveUp, { once: true });
    await turn.promise;
    signal.removeEventListener("abort", giveUp);
    if (!signal.aborted) return leave;
    leave();
    throw signal.reason;
  };
}
