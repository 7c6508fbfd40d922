import { findDuration } from "@havn/model";
import { UsageError } from "../kit/exit.ts";

/** Milliseconds since the epoch of `--since`: "10m" ago, or an ISO time. */
export function sinceOption(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const length = findDuration(text);
  if (length !== undefined) return now - length;
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new UsageError(
      `--since "${text}" is no time`,
      'Write for example "10m", "2h" or "2026-11-23T03:00:00Z".',
    );
  return at;
}
