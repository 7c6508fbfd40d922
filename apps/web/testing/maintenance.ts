import { randomUUID } from "node:crypto";
import { defineRoute, type Route } from "@havn/http";
import { parseDuration, type Timeline } from "@havn/model";
import { z } from "zod";
import type { Maintenance } from "../kit/respond-api.ts";

/** The fleet's maintenance without a fleet: kept in memory, told on the timeline as it does. */
export function maintenanceRoutes(timeline: Pick<Timeline, "write">): Route[] {
  const going = new Map<string, Maintenance>();
  const path = "/api/v1/maintenance";
  return [
    defineRoute({
      ...{ method: "GET", path, summary: "maintenance", response: z.unknown() },
      access: { action: "maintenance:read" },
      handle: () => ({ maintenance: [...going.values()], windows: [] }),
    }),
    defineRoute({
      ...{ method: "POST", path, summary: "begin", response: z.unknown(), status: 201 },
      access: { action: "maintenance:create" },
      body: z.object({
        ...{ environment: z.string(), host: z.string().optional(), for: z.string(), reason: z.string() },
      }),
      async handle({ body: { environment, host, reason, ...body }, identity }) {
        const now = Date.now();
        const one: Maintenance = {
          ...{ id: randomUUID(), environment, host: host ?? null, from: now, reason, actor: identity.actor },
          ...{ until: now + parseDuration(body.for), hosts: host ? [host] : ["web-1", "web-2", "db-1"] },
        };
        going.set(one.id, one);
        await timeline.write({ kind: "maintenance.started", environment, summary: reason });
        return one;
      },
    }),
    defineRoute({
      ...{ method: "DELETE", path: `${path}/:id`, summary: "end", response: z.unknown() },
      access: { action: "maintenance:delete" },
      params: z.object({ id: z.string() }),
      async handle({ params: { id } }) {
        const one = going.get(id);
        going.delete(id);
        if (one)
          await timeline.write({
            kind: "maintenance.ended",
            environment: one.environment,
            summary: one.reason,
          });
        return one ?? {};
      },
    }),
  ];
}
