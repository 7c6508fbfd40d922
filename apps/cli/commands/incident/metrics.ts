import { findDuration, incidentMetricsSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { incidentMetricsView } from "../../views/response.ts";

export const command = defineCommand({
  name: "incident metrics",
  summary: "times to detect, acknowledge, mitigate and resolve; pages a person; noisy rules",
  group: "Look",
  access: ["incident:read"],
  options: {
    environment: { ...shared.environment, description: "only this one" },
    since: { type: "string", value: "TIME", description: "how far back (30d where unset)" },
    zone: {
      type: "string",
      value: "ZONE",
      description: "IANA zone in which nights are nights (UTC where unset)",
    },
    json: shared.json,
  },
  examples: [["havn incident metrics --since 90d --zone Europe/Oslo", "nights are from 22 to 7 o'clock"]],
  async run({ options, globals, io, signal }) {
    const since = options.since ?? "30d";
    const span = findDuration(since);
    if (span === undefined)
      throw new UsageError(`--since "${since}" is no duration`, 'Write for example "30d".');
    const api = await connect(globals, signal);
    const metrics = await api.get("/api/v1/incident-metrics", incidentMetricsSchema, {
      query: { from: io.now() - span, to: io.now(), environment: options.environment, zone: options.zone },
      signal,
    });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(metrics, undefined, 2) : incidentMetricsView(metrics, context));
    return undefined;
  },
});
