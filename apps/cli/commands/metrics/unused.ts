import { connect } from "../../api/connect.ts";
import { unusedAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { unusedView } from "../../views/metrics.ts";

export const command = defineCommand({
  name: "metrics unused",
  summary: "metrics that no query, rule, dashboard or runbook has asked for",
  group: "Look",
  description:
    "What is sent and never looked at. Drop it where it comes from, or delete it with havn metrics delete.",
  access: ["metric:read"],
  arguments: [],
  options: {
    days: { type: "string", value: "DAYS", description: "not asked for in so many days (30 where unset)" },
    limit: { type: "string", value: "COUNT", description: "show so many (100 where unset)" },
    json: shared.json,
  },
  examples: [
    ["havn metrics unused", "in 30 days"],
    ["havn metrics unused --days 7 --json", "in a week, for a program"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { days: options.days, limit: options.limit };
    const answer = await api.get("/api/v1/metrics/unused", unusedAnswer, { query, signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : unusedView(answer, io.style));
    return undefined;
  },
});
