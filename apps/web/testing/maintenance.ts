import { randomUUID } from "node:crypto";
import { defineRoute, type Route } from "@havn/http";
import { formatWindow, maintenanceWindow, nextOpenings, parseDuration, type Timeline } from "@havn/model";
import { z } from "zod";
import type { DeclaredWindow, Maintenance } from "../kit/respond-api.ts";

/** The fleet's maintenance without a fleet: kept in memory, told on the timeline as it does. */
export function maintenanceRoutes(timeline: Pick<Timeline, "write">): Route[] {
  const going = new Map<string, Maintenance>();
  const path = "/api/v1/maintenance";
  return [
    defineRoute({
      ...{ method: "GET", path, summary: "maintenance", response: z.unknown() },
      access: { action: "maintenance:read" },
      handle: () => ({ maintenance: [...going.values()], windows: [], declared: declaredWindows() }),
    }),
    defineRoute({
      ...{ method: "POST", path, summary: "begin", response: z.unknown(), status: 201 },
      access: { action: "maintenance:create" },
      body: z.object({
        ...{ environment: z.string(), host: z.string().optional(), reason: z.string() },
        ...{
          for: z.string().optional(),
          recurring: maintenanceWindow.optional(),
          match: z.array(z.string()),
        },
      }),
      async handle({ body: { environment, host, reason, ...body }, identity }) {
        const now = Date.now();
        const { recurring = null, match } = body;
        const one: Maintenance = {
          ...{ id: randomUUID(), environment, host: host ?? null, from: now, reason, actor: identity.actor },
          ...{
            until: now + parseDuration(body.for ?? "1h"),
            hosts: host ? [host] : ["web-1", "web-2", "db-1"],
          },
          ...{ recurring, match, next: recurring ? nextOpenings(recurring, now, 5) : [] },
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

/** As `maintenance("patches", …)` in the configuration gives it. */
function declaredWindows(): DeclaredWindow[] {
  const window = maintenanceWindow.parse({
    ...{ rrule: "FREQ=MONTHLY;BYDAY=2TU", from: "2026-01-13T22:00", for: "4h", zone: "Europe/Oslo" },
  });
  return [
    {
      ...{ environment: "shop", source: "declared", name: "patches", of: ["shop/host/web-2"], match: [] },
      ...{ reason: "system patches", when: formatWindow(window), zone: window.zone, for: window.for },
      next: nextOpenings(window, Date.now(), 5),
    },
  ];
}
