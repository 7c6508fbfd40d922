import { defineRoute, type Route } from "@havn/http";
import { eventSchema } from "@havn/model";
import { z } from "zod";
import type { Timeline } from "./index.ts";

const filter = z.strictObject({
  environment: z.string().optional(),
  after: z.coerce.number().int().optional().describe("only entries with a higher id, oldest first"),
  before: z.coerce.number().int().optional().describe("only entries with a lower id, newest first"),
  kind: z.string().optional().describe('"alert" finds alert.firing and alert.resolved'),
  address: z.string().optional(),
  host: z.string().optional().describe("address of a host resource"),
  since: z.coerce.number().int().optional().describe("milliseconds; only what happened then or later"),
  until: z.coerce.number().int().optional().describe("milliseconds; only what happened then or earlier"),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export function timelineRoutes(timeline: Timeline): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/events",
      summary: "The timeline, newest first (oldest first after an id)",
      access: { action: "event:read", resource: ({ query }) => query.environment ?? "" },
      query: filter,
      response: z.object({ events: z.array(eventSchema) }),
      handle: async ({ query }) => ({ events: await timeline.list(query) }),
    }),
  ];
}
