import { defineRoute, type Route } from "@havn/http";
import { dnsLabel, durationText, HavnError, maintenanceWindow, parseDuration } from "@havn/model";
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
  recurring: maintenanceWindow.nullable().describe("when it comes again and again; null: it is once"),
  match: z.array(z.string()).describe("matchers of alerts: only those are held"),
  next: z
    .array(z.object({ from: z.number(), until: z.number() }))
    .describe("of what comes again: when it is open next"),
});

/** `checkMatcher` throws a HavnError (400) for a matcher of alerts that cannot be read. */
export function maintenanceRoutes(
  maintenance: Pick<Maintenance, "begin" | "list" | "end">,
  checkMatcher: (text: string) => void,
): Route[] {
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
        for: durationText.optional().describe("how long, from now on"),
        recurring: maintenanceWindow.optional().describe("instead of `for`: when it comes again and again"),
        match: z
          .array(z.string().max(1000))
          .max(50)
          .optional()
          .describe("only alerts that all of these match"),
        reason: z.string().min(1).max(500),
        id: z.uuid().optional().describe("the same id twice begins one"),
      }),
      response: maintenanceSchema,
      status: 201,
      handle({ body: { for: length, ...body }, identity }) {
        if ((length === undefined) === (body.recurring === undefined))
          throw new HavnError("Maintenance is either for a while or comes again and again", {
            detail: "Give one of `for` and `recurring`.",
            status: 400,
          });
        for (const matcher of body.match ?? []) checkMatcher(matcher);
        return maintenance.begin({
          ...body,
          ...(length !== undefined && { forMs: parseDuration(length) }),
          actor: identity.actor,
        });
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/maintenance",
      summary: "Maintenance that is under way or comes again, and declared windows with their next openings",
      access: { action: "maintenance:read" },
      response: z.object({
        maintenance: z.array(maintenanceSchema),
        windows: z.array(z.object({ host: z.string(), environment: z.string(), why: z.string() })),
        declared: z
          .array(
            z.object({
              environment: z.string(),
              source: z
                .enum(["declared", "host"])
                .describe("maintenance(…), or a host's or environment's own"),
              name: z.string(),
              of: z.array(z.string()).nullable().describe("addresses; null: all of the environment"),
              match: z.array(z.string()),
              reason: z.string(),
              when: z.string(),
              zone: z.string(),
              for: z.string(),
              next: z.array(z.object({ from: z.number(), until: z.number() })),
            }),
          )
          .describe("windows of the configuration, open or not"),
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
