import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "maintenance stop",
  summary: "end maintenance now: what drifted meanwhile is mended",
  group: "Environments",
  access: ["maintenance:delete"],
  arguments: [{ name: "ID", description: "as `havn maintenance list` shows it" }],
  options: { json: shared.json },
  examples: [["havn maintenance stop 7d0c5e5e-…", "agents in mode enforce mend again"]],
  async run({ arguments: [id = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    await api.delete(`/api/v1/maintenance/${encodeURIComponent(id)}`, { signal });
    if (options.json) io.out(JSON.stringify({ ended: id }));
    else io.tell(`${io.style.green("✓")} Maintenance ${id} is over.`);
    return undefined;
  },
});
