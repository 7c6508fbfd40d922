import { connect } from "../../api/connect.ts";
import { incidentAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { incidentView } from "../../views/response.ts";

export const command = defineCommand({
  name: "incident show",
  summary: "all about an incident: suspects, who was asked, where to look, what happened",
  group: "Look",
  access: ["incident:read"],
  arguments: [{ name: "INCIDENT", description: "its number, as `havn incidents` shows it" }],
  options: { json: shared.json },
  examples: [["havn incident show 12", "with notes, updates and action items"]],
  async run({ arguments: [id = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get(`/api/v1/incidents/${encodeURIComponent(id)}`, incidentAnswer, { signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : incidentView(answer, context));
    return undefined;
  },
});
