import { incidentActionSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "incident done",
  summary: "say that an action item is done",
  group: "Environments",
  access: ["incident:update"],
  arguments: [{ name: "ACTION", description: "its number, as `havn incident show` tells it" }],
  examples: [["havn incident done 3", "as whoever the token belongs to"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incident-actions/${encodeURIComponent(id)}/done`;
    const { text } = await api.post(path, incidentActionSchema, { signal });
    io.tell(`${io.style.green("✓")} Done: ${text}`);
    return undefined;
  },
});
