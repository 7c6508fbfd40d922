import { incidentNoteSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "incident note",
  summary: "write something down on an incident's timeline",
  group: "Environments",
  access: ["incident:update"],
  arguments: [
    { name: "INCIDENT", description: "its number, as `havn incidents` shows it" },
    { name: "TEXT", description: "what there is to know" },
  ],
  examples: [["havn incident note 12 'the database is fine, it is the cache'", "for those who work on it"]],
  async run({ arguments: [id = "", text = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/notes`;
    await api.post(path, incidentNoteSchema, { body: { text }, signal });
    io.tell(`${io.style.green("✓")} It stands on the timeline of incident ${id}.`);
    return undefined;
  },
});
