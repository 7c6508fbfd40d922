import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "incident resolve",
  summary: "close an incident, end its pages, and tell stakeholders",
  group: "Environments",
  access: ["incident:update"],
  arguments: [
    { name: "INCIDENT", description: "its number, as `havn incidents` shows it" },
    { name: "TEXT", description: "for stakeholders", optional: true },
  ],
  examples: [
    ["havn incident resolve 12 'A full disk; it has been grown.'", "the last word on the status page"],
  ],
  async run({ arguments: [id = "", text], globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/resolve`;
    const body = text === undefined ? {} : { text };
    const { done } = await api.post(path, doneAnswer, { body, signal });
    io.tell(done ? `${io.style.green("✓")} Incident ${id} is closed.` : `Incident ${id} was closed before.`);
    return undefined;
  },
});
