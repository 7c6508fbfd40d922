import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "token revoke",
  summary: "end a token at once",
  group: "Access",
  access: ["token:delete"],
  arguments: [{ name: "ID", description: "as `havn token list` shows it" }],
  examples: [["havn token revoke 0197a3", "it is refused from now on"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    await (await connect(globals, signal)).delete(`/api/v1/tokens/${encodeURIComponent(id)}`, { signal });
    io.tell(`${io.style.green("✓")} Token ${id} is revoked.`);
    return undefined;
  },
});
