import type { HostReport } from "@havn/fleet/protocol";
import { type Clock, repeat } from "@havn/model";

/** Tells the control plane how this host is: every heartbeat, and 200 ms after something changed. */
export interface Reports extends AsyncDisposable {
  changed(): void;
}

const coalesceMs = 200;

export function startReports(options: {
  clock: Clock;
  heartbeatMs: number;
  read(): HostReport;
  /** Throws while the control plane is away: the next report tells all. */
  send(report: HostReport): Promise<void>;
  isConnected(): boolean;
}): Reports {
  const stopping = new AbortController();
  let soon: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let again = false;

  function send(): void {
    if (!options.isConnected() || stopping.signal.aborted) return;
    if (sending) {
      again = true;
      return;
    }
    sending = options
      .send(options.read())
      .catch(() => {})
      .finally(() => {
        sending = undefined;
        if (!again) return;
        again = false;
        send();
      });
  }

  const beating = repeat(send, {
    clock: options.clock,
    interval: options.heartbeatMs,
    signal: stopping.signal,
  });
  return {
    changed() {
      soon ??= setTimeout(() => {
        soon = undefined;
        send();
      }, coalesceMs);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(soon);
      stopping.abort();
      await beating;
      await sending;
    },
  };
}
