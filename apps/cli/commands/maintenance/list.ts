import { connect } from "../../api/connect.ts";
import { maintenanceAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { maintenanceView } from "../../views/maintenance.ts";

export const command = defineCommand({
  name: "maintenance list",
  summary: "maintenance that is under way or comes again, declared windows and when they open next",
  group: "Look",
  access: ["maintenance:read"],
  options: { json: shared.json },
  examples: [["havn maintenance list", "what was begun by hand, and what the configuration declares"]],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get("/api/v1/maintenance", maintenanceAnswer, { signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : maintenanceView(answer, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
