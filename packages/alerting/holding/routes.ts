import { defineRoute, type Route } from "@havn/http";
import {
  addressSchema,
  type Clock,
  checkStateSchema,
  dnsLabel,
  formatAddress,
  type MaintenanceWindow,
  maintenanceWindow,
  nextOpenings,
  openingsWithin,
} from "@havn/model";
import { z } from "zod";
import { type Matcher, parseMatcher } from "../routing/matchers.ts";
import { placesOf } from "./mutes.ts";
import { type Preview, previewDays } from "./preview.ts";

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

const shownOpenings = 5;

/** As much as anybody writes; a megabyte of expressions would keep the control plane busy for a single question. */
const longestTogether = 20_000;
const matcherTexts = (most: number) =>
  z
    .array(z.string())
    .max(most)
    .refine((texts) => texts.reduce((sum, text) => sum + text.length, 0) <= longestTogether, {
      message: `expected at most ${longestTogether} characters together`,
    });

/** Of the time that a preview looks back at, found when it is asked for first. */
function openBefore(window: MaintenanceWindow, now: number): (at: number) => boolean {
  let isOpen: ((at: number) => boolean) | undefined;
  return (at) => {
    isOpen ??= openingsWithin(window, { from: now - (previewDays + 1) * 86_400_000, to: now });
    return isOpen(at);
  };
}

const planned = z.strictObject({
  environment: dnsLabel,
  host: dnsLabel.optional().describe("name of a host; absent: all of the environment"),
  of: z.array(addressSchema).optional().describe("instead: hosts, services and checks"),
  match: matcherTexts(50).default([]),
  recurring: maintenanceWindow.optional().describe("when it comes again and again; absent: from now on"),
});

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
    body: z.strictObject({ matchers: matcherTexts(100).min(1) }),
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
          ...(recurring && { isOpen: openBefore(recurring, clock.now()) }),
        }),
      };
    },
  }),
];
