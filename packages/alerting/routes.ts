import { defineRoute, type Route } from "@havn/http";
import { type Alert, alertSchema, alertStateSchema } from "@havn/model";
import { z } from "zod";

export interface AlertFilter {
  environment?: string | undefined;
  state?: Alert["state"] | undefined;
}

export const alertRoutes = (list: (filter: AlertFilter) => Alert[]): Route[] => [
  defineRoute({
    method: "GET",
    path: "/api/v1/alerts",
    summary: "Alerts: pending, firing, and those that were resolved within a day",
    access: { action: "alert:read", resource: ({ query }) => query.environment ?? "" },
    query: z.strictObject({ environment: z.string().optional(), state: alertStateSchema.optional() }),
    response: z.object({ alerts: z.array(alertSchema) }),
    handle: ({ query }) => ({ alerts: list(query) }),
  }),
];
