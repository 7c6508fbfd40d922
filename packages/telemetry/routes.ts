import { defineRoute, type Live, type Route } from "@havn/http";
import { logRecordSchema } from "@havn/model";
import { z } from "zod";
import type { Telemetry } from "./index.ts";

const time = z.coerce.number().min(0).describe("milliseconds since the epoch");

const filter = z.strictObject({
  environment: z.string().min(1),
  service: z.string().optional().describe('"" for lines of the hosts themselves'),
  host: z.string().optional().describe("a host's name or its resource address"),
  instance: z.string().optional(),
  traceId: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(200).describe("the newest so many"),
  contains: z.string().max(1_000).optional().describe("part of the line, in any case"),
  severity: logRecordSchema.shape.severity.optional().describe("this severity or a worse one"),
});

export function telemetryRoutes(logs: Telemetry["logs"]): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/logs",
      summary: "The newest log lines that match, oldest first",
      access: { action: "log:read", resource: ({ query }) => query.environment },
      query: filter,
      response: z.object({ records: z.array(logRecordSchema) }),
      handle: async ({ query, signal }) => {
        const host = query.host && bareHost(query.host);
        return { records: await logs.search({ ...query, host }, signal) };
      },
    }),
  ];
}

function bareHost(host: string): string {
  return host.slice(host.lastIndexOf("/") + 1);
}

/** The live topics `logs:ENVIRONMENT` and `logs:ENVIRONMENT:SERVICE`: log lines as they arrive, a batch at a time. */
export function serveLiveLogs(live: Live, logs: Telemetry["logs"]): void {
  live.topic("logs", {
    action: "log:read",
    resource: (rest) => rest.split(":")[0] ?? "",
    watch: (rest, publish) => {
      const [environment = "", service] = rest.split(":");
      return logs.follow({ environment, service }, publish);
    },
  });
}
