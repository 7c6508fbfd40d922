import { defineRoute, type Route } from "@havn/http";
import {
  addressSchema,
  type Clock,
  checkStateSchema,
  dnsLabel,
  formatAddress,
  maintenanceWindow,
  nextOpenings,
  openUntil,
} from "@havn/model";
import { z } from "zod";
import { type Matcher, parseMatcher } from "../routing/matchers.ts";
import { placesOf } from "./mutes.ts";
import type { Preview } from "./preview.ts";

const covered = z.object({
  kind: z.enum(["check", "rule", "resource"]),
  address: z.string(),
  name: z.string(),
  environment: z.string(),
  alertname: z.string().describe("what its alert is called"),
  state: checkStateSchema.optional().describe("of a check: how it is now"),
  certainty: z.enum(["yes", "maybe"]).describe("maybe: it depends on labels that only series tell"),
});

export const previewSchema = z.object({
  alerts: z
    .array(
      z.object({
        labels: z.record(z.string(), z.string()),
        summary: z.string(),
        receivers: z.array(z.string()),
      }),
    )
    .describe("what fires now"),
  checks: z.array(covered),
  rules: z.array(covered),
  resources: z.array(covered).describe("what Havn watches by itself of hosts and services"),
  pages: z
    .object({
      days: z.number(),
      sent: z.number().int(),
      held: z.number().int(),
      examples: z.array(
        z.object({ at: z.number(), incident: z.number().int(), title: z.string(), person: z.string() }),
      ),
    })
    .describe("of the last days: how often somebody was asked, and how often it would have held that back"),
});

const planned = z.strictObject({
  environment: dnsLabel,
  host: dnsLabel.optional().describe("name of a host; absent: all of the environment"),
  of: z.array(addressSchema).optional().describe("instead: hosts, services and checks"),
  match: z.array(z.string().max(1000)).max(50).default([]),
  recurring: maintenanceWindow.optional().describe("when it comes again and again; absent: from now on"),
});

const shownOpenings = 5;

interface Covering {
  any: readonly (readonly Matcher[])[];
  /** Whether it would have held then; always where left out. */
  isOpen?(at: number): boolean;
}

export const previewRoutes = (preview: (what: Covering) => Promise<Preview>, clock: Clock): Route[] => [
  defineRoute({
    method: "POST",
    path: "/api/v1/silences/preview",
    summary:
      "What a silence with these matchers would cover: alerts, checks, rules, hosts, services, past pages",
    access: { action: "silence:read" },
    reads: true,
    body: z.strictObject({ matchers: z.array(z.string().max(10_000)).min(1).max(100) }),
    response: previewSchema,
    handle: ({ body }) => preview({ any: [body.matchers.map(parseMatcher)] }),
  }),
  defineRoute({
    method: "POST",
    path: "/api/v1/maintenance/preview",
    summary: "When maintenance would be open next, and what it would cover",
    access: { action: "maintenance:read" },
    reads: true,
    body: planned,
    response: z.object({
      next: z.array(z.object({ from: z.number(), until: z.number() })),
      covers: previewSchema,
    }),
    async handle({ body: { environment, host, of, match, recurring } }) {
      const places = host === undefined ? of : [formatAddress({ environment, type: "host", name: host })];
      const any = placesOf(environment, places ?? null, match.map(parseMatcher));
      return {
        next: recurring ? nextOpenings(recurring, clock.now(), shownOpenings) : [],
        covers: await preview({
          any,
          ...(recurring && { isOpen: (at) => openUntil(recurring, at) !== undefined }),
        }),
      };
    },
  }),
];
