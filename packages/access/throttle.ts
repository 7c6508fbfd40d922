import type { Clock } from "@havn/model";

/** Failures that one address may make at once, and how fast they are forgotten. */
const burst = 20;
const forgetOneMs = 3000;
const maximumAddresses = 10_000;

export interface Throttle {
  /** Milliseconds until `address` may try again; 0: now. */
  wait(address: string): number;
  failed(address: string): void;
}

/** Slows down guessing: counts failed authentications by address, in bounded memory. */
export function createThrottle(clock: Clock): Throttle {
  const failures = new Map<string, { count: number; at: number }>();
  const countOf = (address: string): number => {
    const entry = failures.get(address);
    return entry ? Math.max(0, entry.count - (clock.now() - entry.at) / forgetOneMs) : 0;
  };
  return {
    wait: (address) => Math.max(0, Math.ceil((countOf(address) - burst) * forgetOneMs)),
    failed(address) {
      const count = Math.min(countOf(address) + 1, burst + 10);
      failures.delete(address);
      failures.set(address, { count, at: clock.now() });
      if (failures.size <= maximumAddresses) return;
      for (const oldest of failures.keys()) {
        failures.delete(oldest);
        break;
      }
    },
  };
}
