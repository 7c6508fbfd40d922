/** Aborts with the caller's signal, and once the time that is allowed is over. */
export interface Patience extends Disposable {
  signal: AbortSignal;
}

/**
 * To be let go of at the end of what has it. `AbortSignal.any` and `AbortSignal.timeout` do the same and are left to the
 * garbage collector, which costs a small question more than it does itself.
 */
export function patienceFor(caller: AbortSignal, allowedMs: number): Patience {
  const own = new AbortController();
  const end = () => own.abort(new DOMException("no time is left", "TimeoutError"));
  const giveUp = () => own.abort(caller.reason);
  const timer = allowedMs > 0 ? setTimeout(end, allowedMs).unref() : undefined;
  if (caller.aborted) giveUp();
  else if (!timer) end();
  caller.addEventListener("abort", giveUp, { once: true });
  return {
    signal: own.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      caller.removeEventListener("abort", giveUp);
    },
  };
}
