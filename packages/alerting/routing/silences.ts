import type { Labels } from "@havn/model";
import { type Matcher, matchesAll } from "./matchers.ts";

/** All times in milliseconds since the epoch. */
export interface Silence {
  id: string;
  matchers: readonly Matcher[];
  startsAt: number;
  endsAt: number;
  updatedAt: number;
  createdBy: string;
  comment: string;
}

export type SilenceState = "pending" | "active" | "expired";

export function silenceState({ startsAt, endsAt }: Silence, now: number): SilenceState {
  if (now >= endsAt) return "expired";
  return now < startsAt ? "pending" : "active";
}

/** Ids of the active silences that cover these labels. */
export const silencedBy = (silences: Iterable<Silence>, labels: Labels, now: number): string[] =>
  [...silences]
    .filter((silence) => silenceState(silence, now) === "active" && matchesAll(silence.matchers, labels))
    .map(({ id }) => id);
