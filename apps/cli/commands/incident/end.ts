import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "resolve",
  summary: "close an incident and end its pages",
  group: "Environments",
  access: ["incident:update"],
  arguments: [{ name: "INCIDENT", description: "its number, as `havn incidents` shows it" }],
  examples: [["havn resolve 12", "as whoever the token belongs to"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/resolve`;
    const { done } = await api.post(path, doneAnswer, { signal });
    io.tell(done ? `${io.style.green("✓")} Incident ${id} is closed.` : `Incident ${id} was closed before.`);
    return undefined;
  },
});
