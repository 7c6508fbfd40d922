import { defineRoute, type Route } from "@havn/http";
import { HavnError } from "@havn/model";
import { z } from "zod";
import type { Ingest } from "../ingest.ts";
import { largestDecoded, readBody } from "./body.ts";
import { influx } from "./influx.ts";
import { otlpLogs, otlpMetrics } from "./otlp.ts";
import { PartlyRefused, type Receiver } from "./receiver.ts";
import { reasonOf } from "./refusals.ts";
import { remoteWrite } from "./remote-write.ts";

const query = z.looseObject({
  environment: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .optional()
    .describe("becomes the label `env` of everything sent, instead of the sender's own"),
});

interface Door {
  paths: readonly string[];
  summary: string;
  action?: "metric:write" | "log:write";
  receive: Receiver;
}

const doors = (): readonly Door[] => [
  {
    paths: ["/api/v1/write", "/api/v1/push", "/prometheus/api/v1/write"],
    summary: "Prometheus remote write, 1.0 and 2.0",
    receive: remoteWrite,
  },
  {
    paths: ["/v1/metrics", "/otlp/v1/metrics", "/api/v1/otlp/v1/metrics"],
    summary: "OpenTelemetry metrics (OTLP over HTTP, protobuf or JSON)",
    receive: otlpMetrics(),
  },
  {
    paths: ["/write", "/api/v2/write"],
    summary: "InfluxDB line protocol",
    receive: influx,
  },
  {
    paths: ["/v1/logs", "/otlp/v1/logs", "/api/v1/otlp/v1/logs"],
    summary: "OpenTelemetry logs (OTLP over HTTP, protobuf or JSON)",
    action: "log:write",
    receive: otlpLogs,
  },
];

/** The ways in for those who are no agent. Success is said only once everything is on disk. */
export function receiveRoutes(ingest: Ingest): Route[] {
  const writes = doors().flatMap(({ paths, summary, action = "metric:write", receive }) =>
    paths.map((path) =>
      defineRoute({
        method: "POST",
        path,
        summary,
        access: { action, resource: ({ query }) => query.environment ?? path },
        // Thousands of these a minute are no changes that anyone audits; a page has no business here.
        reads: true,
        consumes: "stream",
        bodyLimit: largestDecoded,
        query,
        response: z.unknown(),
        status: 204,
        handle: async ({ query: { environment, ...rest }, headers, raw, identity, reply }) => {
          if (identity.via === "session")
            throw new HavnError("A signed-in page may not write telemetry", {
              status: 403,
              detail: "Send the header authorization: Bearer <token>.",
            });
          const stamp = environment === undefined ? {} : { env: environment };
          try {
            const body = await readBody(raw);
            const given = { headers, query: rest as Record<string, string>, body, reply, ingest, stamp };
            return await receive(given);
          } catch (error) {
            // What was refused of a request that was understood is noted with its own reasons.
            const whole = error instanceof HavnError && !(error instanceof PartlyRefused);
            const reason = whole ? reasonOf(error.status) : undefined;
            if (reason) ingest.refusals.note(environment ?? "", reason);
            throw error;
          }
        },
      }),
    ),
  );
  return [...writes, ping];
}

/** What senders for InfluxDB ask before they write. */
const ping = defineRoute({
  method: "GET",
  path: "/ping",
  summary: "Whether lines for InfluxDB are taken here",
  access: { public: "tells nothing but that something answers" },
  response: z.unknown(),
  status: 204,
  handle: ({ reply }) => reply.header("X-Influxdb-Version", "1.8.10"),
});
