import { incidentActionSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "incident action",
  summary: "write down what an incident teaches: what is to be done, by whom, by when",
  group: "Environments",
  access: ["incident:update"],
  arguments: [
    { name: "INCIDENT", description: "its number, as `havn incidents` shows it" },
    { name: "TEXT", description: "what is to be done" },
  ],
  options: {
    owner: { type: "string", value: "NAME", description: "who does it" },
    due: { type: "string", value: "DATE", description: "by when: 2026-12-01" },
    json: shared.json,
  },
  examples: [
    [
      "havn incident action 12 'alert before the disk is full' --owner ada --due 2026-12-01",
      "told when its day is over",
    ],
  ],
  async run({ arguments: [id = "", text = ""], options, globals, io, signal }) {
    const { owner, due } = options;
    if (owner === undefined || due === undefined)
      throw new UsageError("An action item has an owner and a day", "Add --owner NAME --due 2026-12-01.");
    if (!/^\d{4}-\d\d-\d\d$/.test(due)) throw new UsageError(`--due "${due}" is no day`, "Write 2026-12-01.");
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/actions`;
    const action = await api.post(path, incidentActionSchema, { body: { text, owner, due }, signal });
    if (options.json) io.out(JSON.stringify(action, undefined, 2));
    else {
      io.tell(`${io.style.green("✓")} \`havn incident done\` with this says that it is done:`);
      io.out(String(action.id));
    }
    return undefined;
  },
});
