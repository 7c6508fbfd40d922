/** Time as an argument, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `milliseconds`; resolves at once, without an error, when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** Calls `work` every `interval` until `signal` aborts; the next call starts an interval after the last one ended. */
export async function repeat(
  work: () => Promise<void> | void,
  options: { clock: Clock; interval: number; signal: AbortSignal },
): Promise<void> {
  while (!options.signal.aborted) {
    await work();
    await options.clock.sleep(options.interval, options.signal);
  }
}

/** `work` with a signal that aborts, with a TimeoutError, once `milliseconds` have passed. */
export async function withTimeout<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, milliseconds }: { clock: Clock; milliseconds: number },
): Promise<T> {
  const [limit, ended] = [new AbortController(), new AbortController()];
  const passing = clock.sleep(milliseconds, ended.signal).then(() => {
    if (!ended.signal.aborted)
      limit.abort(new DOMException(`it took longer than ${milliseconds} ms`, "TimeoutError"));
  });
  try {
    return await work(limit.signal);
  } finally {
    ended.abort();
    await passing;
  }
}
