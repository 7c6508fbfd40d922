import { connect } from "../../api/connect.ts";
import { cardinalityAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { cardinalityView } from "../../views/metrics.ts";

export const command = defineCommand({
  name: "metrics cardinality",
  summary: "how many series there are: by name, label, target and deploy",
  group: "Look",
  description: "Series with samples today. A label with very many values is what makes a store large.",
  access: ["metric:read"],
  arguments: [{ name: "SELECTOR", description: "only series that match, quoted", optional: true }],
  options: {
    days: {
      type: "string",
      value: "DAYS",
      description: "with samples on the last so many days (1 where unset)",
    },
    limit: { type: "string", value: "COUNT", description: "of each list (10 where unset)" },
    json: shared.json,
  },
  examples: [
    ["havn metrics cardinality", "what is most of"],
    ["havn metrics cardinality '{job=\"shop\"}' --days 7", "of one job, over a week"],
  ],
  async run({ arguments: [selector], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { match: selector, days: options.days, limit: options.limit };
    const answer = await api.get("/api/v1/metrics/cardinality", cardinalityAnswer, { query, signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : cardinalityView(answer, io.style));
    return undefined;
  },
});
