import { defineRoute, type Route } from "@havn/http";
import { checkStateSchema } from "@havn/model";
import { z } from "zod";
import { type Matcher, parseMatcher } from "../routing/matchers.ts";
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

export const previewRoutes = (preview: (matchers: readonly Matcher[]) => Promise<Preview>): Route[] => [
  defineRoute({
    method: "POST",
    path: "/api/v1/silences/preview",
    summary:
      "What a silence with these matchers would cover: alerts, checks, rules, hosts, services, past pages",
    access: { action: "silence:read" },
    reads: true,
    body: z.strictObject({ matchers: z.array(z.string().max(10_000)).min(1).max(100) }),
    response: previewSchema,
    handle: ({ body }) => preview(body.matchers.map(parseMatcher)),
  }),
];
