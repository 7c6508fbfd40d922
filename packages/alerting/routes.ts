import { defineRoute, type Route } from "@havn/http";
import {
  type Alert,
  type AlertRule,
  type AlertView,
  alertHoldSchema,
  alertRuleSchema,
  alertSchema,
  alertStateSchema,
  alertViewSchema,
  HavnError,
} from "@havn/model";
import { z } from "zod";
import type { Hold } from "./holding/mutes.ts";

export interface AlertFilter {
  environment?: string | undefined;
  state?: Alert["state"] | undefined;
}

export interface AlertRoutesOptions {
  list(filter: AlertFilter): (Alert & { held: Hold[] })[];
  views(environment: string | undefined): AlertView[];
  /** Of one of Havn's own alerts. */
  findRule(fingerprint: string): AlertRule | undefined;
}

export const alertRoutes = ({ list, views, findRule }: AlertRoutesOptions): Route[] => [
  defineRoute({
    method: "GET",
    path: "/api/v1/alerts",
    summary: "Alerts: pending, firing, and those that were resolved within a day",
    access: { action: "alert:read", resource: ({ query }) => query.environment ?? "" },
    query: z.strictObject({ environment: z.string().optional(), state: alertStateSchema.optional() }),
    response: z.object({
      alerts: z.array(
        alertSchema.extend({
          held: z.array(alertHoldSchema).describe("why it is shown and nobody told of it"),
        }),
      ),
    }),
    handle: ({ query }) => ({ alerts: list(query) }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/v1/alerts/routed",
    summary: "Alerts, those of others too, with who is told of them and what holds them back",
    access: { action: "alert:read", resource: ({ query }) => query.environment ?? "" },
    query: z.strictObject({ environment: z.string().optional() }),
    response: z.object({ alerts: z.array(alertViewSchema) }),
    handle: ({ query }) => ({ alerts: views(query.environment) }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/v1/alerts/:fingerprint",
    summary: "One alert, with the rule that it comes from and what that looks at",
    access: { action: "alert:read", resource: ({ params }) => params.fingerprint },
    params: z.object({ fingerprint: z.string() }),
    query: z.strictObject({ environment: z.string().optional() }),
    response: z.object({ alert: alertViewSchema, rule: alertRuleSchema.optional() }),
    handle({ params: { fingerprint }, query }) {
      const alert = views(query.environment).find((one) => one.fingerprint === fingerprint);
      if (!alert)
        throw new HavnError("There is no such alert", {
          detail: "Alerts are kept for a day after their end. The timeline keeps what happened.",
          status: 404,
        });
      const rule = findRule(fingerprint);
      return { alert, ...(rule && { rule }) };
    },
  }),
];
