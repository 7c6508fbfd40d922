import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

/** What senders of an environment sent and the store did not take. */
export interface RefusedSamples {
  /** "" where the sender named none. */
  environment: string;
  reason: string;
  refused: number;
  /** Milliseconds since the epoch. */
  lastAt: number;
}

export const refusedSamplesScope = "refused samples";

/** So long after the last one it is over. */
const quietMs = 300_000;

export function refusedSamples(all: readonly RefusedSamples[], now: number): Condition[] {
  return all
    .filter(({ lastAt }) => now - lastAt < quietMs)
    .map(({ environment, reason, refused }) => ({
      fingerprint: fingerprint("samples are refused", { environment, reason }),
      rule: "samples are refused",
      environment: environment || "havn",
      severity: "warning" as const,
      summary: `What a sender of metrics sends is not stored: ${reason} (${refused} so far). Its own log says which.`,
      labels: { reason },
      value: refused,
      forMs: 0,
    }));
}
