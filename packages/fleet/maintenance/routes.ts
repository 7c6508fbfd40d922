import { defineRoute, type Route } from "@havn/http";
import { dnsLabel, durationText, parseDuration } from "@havn/model";
import { z } from "zod";
import type { Maintenance } from "./maintenance.ts";

const maintenanceSchema = z.object({
  id: z.string(),
  environment: z.string(),
  host: z.string().nullable().describe("address; null: all hosts of the environment"),
  from: z.number(),
  until: z.number(),
  reason: z.string(),
  actor: z.string(),
  hosts: z.array(z.string()).describe("names of the hosts on which nothing is mended"),
});

export function maintenanceRoutes(maintenance: Pick<Maintenance, "begin" | "list" | "end">): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/maintenance",
      summary: "Mend nothing on a host, or on all of an environment's, for a while",
      access: {
        action: "maintenance:create",
        subject: ({ body }) => `${body.environment}/${body.host ?? "*"}`,
      },
      body: z.strictObject({
        environment: dnsLabel,
        host: dnsLabel.optional().describe("name of a host; absent: all of them"),
        for: durationText,
        reason: z.string().min(1).max(500),
        id: z.uuid().optional().describe("the same id twice begins one"),
      }),
      response: maintenanceSchema,
      status: 201,
      handle: ({ body, identity }) =>
        maintenance.begin({ ...body, forMs: parseDuration(body.for), actor: identity.actor }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/maintenance",
      summary: "Maintenance that is under way, and declared windows that are open",
      access: { action: "maintenance:read" },
      response: z.object({
        maintenance: z.array(maintenanceSchema),
        windows: z.array(z.object({ host: z.string(), environment: z.string(), why: z.string() })),
      }),
      handle: () => maintenance.list(),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/maintenance/:id",
      summary: "End maintenance now",
      access: { action: "maintenance:delete", resource: ({ params }) => params.id },
      params: z.object({ id: z.string() }),
      response: maintenanceSchema,
      handle: ({ params }) => maintenance.end(params.id),
    }),
  ];
}
