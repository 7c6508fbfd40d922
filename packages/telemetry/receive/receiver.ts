import type { RouteContext } from "@havn/http";
import { HavnError } from "@havn/model";
import type { Ingest } from "../ingest.ts";
import type { MetricBatch } from "../metrics/batch.ts";
import type { Stamp } from "../metrics/labels.ts";

/** What a sender sent, whichever protocol it speaks. */
export interface Received {
  headers: RouteContext["headers"];
  query: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
  reply: RouteContext["reply"];
  ingest: Ingest;
  stamp: Stamp;
}

/** Resolves once what was sent is on disk, with the answer's body if it has one. */
export type Receiver = (received: Received) => Promise<unknown>;

/** A request that was understood, and some of it not stored. */
export class PartlyRefused extends HavnError {}

/** The failure to answer where some of a write could not be taken. What could be was stored. */
export function refusal({ refused }: MetricBatch): HavnError | undefined {
  const reasons = refusedReasons(refused);
  if (reasons.length === 0) return undefined;
  return new PartlyRefused(`Not everything was stored: ${reasons.slice(0, 3).join("; ")}`, {
    status: 400,
    detail: "The rest was stored. Sending it again would not change that.",
  });
}

export function refusedReasons(refused: MetricBatch["refused"]): string[] {
  return [...refused].map(([reason, { count, first }]) => {
    return `${reason}${count > 1 ? ` (${count} times)` : ""}${first && `: ${first}`}`;
  });
}
