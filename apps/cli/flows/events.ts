import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@havn/model";
import { patiently } from "../api/patience.ts";
import { eventsAnswer } from "../api/schemas.ts";
import type { Flow } from "./apply.ts";

interface FollowEvents {
  query: Readonly<Record<string, string | undefined>>;
  /** Id of the last event that was shown. */
  after: number;
}

/** Every event after `after`, once, in order, until `signal` aborts. Survives restarts of the server. */
export async function followEvents(
  { api, signal }: Flow,
  { query, after }: FollowEvents,
  show: (events: Event[]) => void,
): Promise<void> {
  let last = after;
  while (!signal.aborted) {
    const request = { query: { ...query, after: last, limit: 500 }, signal };
    const { events } = await patiently(() => api.get("/api/v1/events", eventsAnswer, request), {
      signal,
      patienceMs: 600_000,
    });
    const fresh = events.filter(({ id }) => id > last).sort((left, right) => left.id - right.id);
    show(fresh);
    last = fresh.at(-1)?.id ?? last;
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}
