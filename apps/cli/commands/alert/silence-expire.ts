import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "silence expire",
  summary: "end a silence now",
  group: "Environments",
  access: ["silence:delete"],
  arguments: [{ name: "ID", description: "as `havn silence list` shows it" }],
  examples: [["havn silence expire 7d0c5e5e-…", "what it muted is told again"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    await (await connect(globals, signal)).delete(`/api/v2/silence/${encodeURIComponent(id)}`, { signal });
    io.tell(`${io.style.green("✓")} Silence ${id} is over.`);
    return undefined;
  },
});
