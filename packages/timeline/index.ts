import type { Clock, Event, NewEvent, Timeline as TimelineWriter } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { deleteEvents, insertEvent, listEvents } from "./store.ts";

export { timelineRoutes } from "./routes.ts";

export interface EventFilter {
  environment?: string | undefined;
  /** Only entries with a higher id, oldest first. */
  after?: number | undefined;
  /** Only entries with a lower id, newest first (the default order). */
  before?: number | undefined;
  /** A kind or the beginning of one up to a dot: `alert` finds alert.firing and alert.resolved. */
  kind?: string | undefined;
  address?: string | undefined;
  host?: string | undefined;
  /** Milliseconds since the epoch, both inclusive. */
  since?: number | undefined;
  until?: number | undefined;
  /** 100 unless told; at most 1,000. */
  limit?: number | undefined;
}

export interface Timeline extends TimelineWriter {
  list(filter: EventFilter): Promise<Event[]>;
  /** Calls `listener` for each entry that this process writes, after it is durable. Returns how to stop. */
  subscribe(listener: (event: Event) => void): () => void;
  /** Deletes entries older than 400 days: a year can be compared with the one before. */
  prune(): Promise<void>;
}

const keepMs = 400 * 86_400_000;

export async function createTimeline({ sql, clock }: { sql: Sql; clock: Clock }): Promise<Timeline> {
  await migrate(sql, "timeline", new URL("./migrations/", import.meta.url));
  const listeners = new Set<(event: Event) => void>();
  // One after the other: an entry with a lower id must not become visible after a higher one, or who reads on from
  // the last id would miss it.
  let last: Promise<void> = Promise.resolve();
  const add = async (event: NewEvent) => {
    const written = await insertEvent(sql, { ...event, at: event.at ?? clock.now() });
    if (written) for (const listener of listeners) listener(written);
  };
  return {
    write(event) {
      const writing = last.then(() => add(event));
      last = writing.catch(() => {});
      return writing;
    },
    list: (filter) => listEvents(sql, { ...filter, limit: Math.min(filter.limit ?? 100, 1000) }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async prune() {
      await deleteEvents(sql, clock.now() - keepMs);
    },
  };
}
