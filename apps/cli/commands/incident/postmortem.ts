import { connect } from "../../api/connect.ts";
import { postmortemAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "incident postmortem",
  summary: "draft a postmortem in Markdown from an incident's timeline",
  group: "Look",
  access: ["incident:read"],
  arguments: [{ name: "INCIDENT", description: "its number, as `havn incidents` shows it" }],
  options: { json: shared.json },
  examples: [["havn incident postmortem 12 > postmortem.md", "what only people know is asked for in it"]],
  async run({ arguments: [id = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/postmortem`;
    const answer = await api.get(path, postmortemAnswer, { signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.markdown.trimEnd());
    return undefined;
  },
});
