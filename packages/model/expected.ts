import type { Address } from "./address.ts";

/**
 * Something that Havn itself does and that will raise alerts: they are held until it is over, and no others. Times in
 * milliseconds.
 */
export interface Expected {
  /** The same id again takes the place of the one before. */
  id: string;
  kind: "deploy" | "apply" | "reboot";
  environment: string;
  /** What it touches: an instance of a service on a host (its health), units of a host, or all that is on a host. */
  about: { service: string; host: string } | { units: readonly string[]; host: string } | { host: string };
  /** For people: "deploy of release 12 of shop". */
  reason: string;
  /** Deadline: whatever has become of it, its alerts are told then. */
  forMs: number;
}

/** Takes in what is expected, and its end. Neither throws: what cannot be kept is not held. */
export interface Expectations {
  expect(expected: Expected): Promise<void>;
  /** All of them whose id begins so are over; `failed`: what fires now is told at once. */
  over(idPrefix: string, outcome: { failed: boolean }): Promise<void>;
}

/** Maintenance that is known, whether it is open or not. */
export interface KnownMaintenance {
  id: string;
  environment: string;
  /** Hosts, services and checks with all that is on them; null: all of the environment. */
  of: readonly Address[] | null;
  /** Matchers of alerts, all of which must hold. */
  match: readonly string[];
  reason: string;
  actor: string;
  /** Until when it is open now; undefined while it is not. Milliseconds since the epoch. */
  openUntil(at: number): number | undefined;
}
