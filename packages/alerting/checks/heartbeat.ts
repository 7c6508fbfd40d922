import { createHmac } from "node:crypto";
import type { CheckProperties } from "@havn/model";
import { type CheckState, formatDuration, parseDuration } from "@havn/model";

type Told = Extract<CheckProperties["probe"], { kind: "passive" | "heartbeat" }>;

/** When something of a check came last. Times in milliseconds since the epoch. */
export interface LastHeard {
  /** A result, a finish or a fail; when it was declared where nothing came yet. */
  at: number;
  /** A job that has begun and not ended. */
  startedAt?: number | undefined;
  /** A miss that was told is not told again before something comes. */
  missed?: boolean | undefined;
}

/** What is late now, as a check's result; undefined while nothing is. */
export function overdue(
  probe: Told,
  { at, startedAt, missed }: LastHeard,
  now: number,
): { state: CheckState; output: string } | undefined {
  if (missed) return undefined;
  if (probe.kind === "passive") {
    if (probe.freshness === undefined || now - at <= parseDuration(probe.freshness)) return undefined;
    return { state: probe.stale, output: `no result came for ${probe.freshness}` };
  }
  const { every, grace, longest } = probe;
  if (startedAt !== undefined && longest !== undefined && now - startedAt > parseDuration(longest))
    return {
      state: "critical",
      output: `the job began ${ago(now - startedAt)} ago and has not ended within ${longest}`,
    };
  // A job that runs is given its time: what counts is when it should have begun.
  const heard = startedAt === undefined ? at : Math.max(at, startedAt);
  if (now - heard <= parseDuration(every) + parseDuration(grace)) return undefined;
  return {
    state: "critical",
    output: `the last heartbeat came ${ago(now - heard)} ago; one is expected every ${every}`,
  };
}

const ago = (milliseconds: number): string => formatDuration(milliseconds - (milliseconds % 1000));

/** Who knows it may tell of this check and of no other. It follows from the key: nothing has to be kept. */
export const heartbeatToken = (key: string, address: string): string =>
  createHmac("sha256", key).update(`heartbeat ${address}`).digest("base64url").slice(0, 27);
