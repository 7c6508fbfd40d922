import { connect } from "../../api/connect.ts";
import { retentionAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { retentionView } from "../../views/metrics.ts";

export const command = defineCommand({
  name: "metrics retention",
  summary: "how long samples are kept, and how large what is kept is",
  group: "Look",
  description:
    "Samples are rolled up by five minutes and by hours, which are kept longer and answer questions about a longer time. " +
    'Declare what is kept otherwise with retention("orders", { match: \'{job="orders"}\', keep: "400d" }).',
  access: ["metric:read"],
  arguments: [],
  options: { json: shared.json },
  examples: [["havn metrics retention", "rules, and what is on disk"]],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get("/api/v1/metrics/retention", retentionAnswer, { signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : retentionView(answer, io.style));
    return undefined;
  },
});
