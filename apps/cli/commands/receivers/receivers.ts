import { connect } from "../../api/connect.ts";
import { receiversAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { receiversView } from "../../views/receivers.ts";

export const command = defineCommand({
  name: "receivers",
  summary: "receivers: their channels, whom they would ask first now, and how they went when they were tried",
  group: "Look",
  access: ["receiver:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [["havn receivers", "where alerts go"]],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const answer = await api.get("/api/v1/receivers", receiversAnswer, { query, signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : receiversView(answer.receivers, context));
    return undefined;
  },
});
