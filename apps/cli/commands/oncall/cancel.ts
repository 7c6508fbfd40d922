import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "oncall cancel",
  summary: "take an override or a swap back",
  group: "Environments",
  access: ["schedule:override"],
  arguments: [{ name: "ID", description: "as `havn oncall override` and `havn oncall show` tell it" }],
  options: {},
  examples: [["havn oncall cancel 4f0c2f9e-2a51-4f0e-8f43-0d6f6e1b7a11", "the schedule is as before"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    await api.delete(`/api/v1/overrides/${encodeURIComponent(id)}`, { signal });
    io.tell(`${io.style.green("✓")} Taken back.`);
    return undefined;
  },
});
