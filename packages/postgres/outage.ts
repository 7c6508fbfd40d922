import { systemClock } from "@havn/model";

const longestPauseMs = 1000;

/**
 * Whether PostgreSQL was away: it is going down, coming up (SQLSTATE classes 08 and 57P) or cannot be reached. Errors of
 * other programs' sockets and files have the same codes, so those count only where the client marked them as a query's
 * or where it was connecting. A client that was closed on purpose (CONNECTION_ENDED) does not come back.
 */
export function isOutage(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  const code = String(error.code);
  if (/^(CONNECTION_(CLOSED|DESTROYED)|CONNECT_TIMEOUT)$/.test(code)) return true;
  const isQuery = "query" in error;
  if (/^(08|57P)...?$/.test(code)) return isQuery || "severity" in error;
  const isConnect = "syscall" in error && error.syscall === "connect";
  return (
    /^(ECONN\w+|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/.test(code) &&
    (isQuery || isConnect)
  );
}

/**
 * Runs `work` again for as long as PostgreSQL is away: nothing can be recorded meanwhile, so there is nothing better to
 * do. `work` must bear being run twice. Throws the outage once `signal` aborts.
 */
export async function throughOutages<T>(work: () => PromiseLike<T>, signal?: AbortSignal): Promise<T> {
  for (let pause = 50; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !isOutage(error)) throw error;
      await systemClock.sleep(pause, signal);
    }
  }
}
