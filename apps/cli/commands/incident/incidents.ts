import { connect } from "../../api/connect.ts";
import { incidentAnswer, incidentsAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { incidentsView, incidentView } from "../../views/response.ts";

export const command = defineCommand({
  name: "incidents",
  summary: "incidents, or all about one: suspects, who was asked, what happened",
  group: "Look",
  access: ["incident:read"],
  arguments: [{ name: "ID", description: "only this one, with everything about it", optional: true }],
  options: { json: shared.json },
  examples: [
    ["havn incidents", "open ones first"],
    ["havn incidents 12", "what changed shortly before, every try to reach someone, the timeline"],
  ],
  async run({ arguments: [id], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const context = { style: io.style, now: io.now() };
    if (id === undefined) {
      const answer = await api.get("/api/v1/incidents", incidentsAnswer, { signal });
      io.out(options.json ? JSON.stringify(answer, undefined, 2) : incidentsView(answer.incidents, context));
    } else {
      const answer = await api.get(`/api/v1/incidents/${encodeURIComponent(id)}`, incidentAnswer, { signal });
      io.out(options.json ? JSON.stringify(answer, undefined, 2) : incidentView(answer, context));
    }
    return undefined;
  },
});
