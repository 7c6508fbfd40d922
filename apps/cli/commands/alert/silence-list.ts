import { connect } from "../../api/connect.ts";
import { silencesAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { silencesView } from "../../views/silences.ts";

export const command = defineCommand({
  name: "silence list",
  summary: "what is muted, until when, by whom and why",
  group: "Look",
  access: ["silence:read"],
  options: {
    all: { type: "boolean", description: "those that expired within five days too" },
    json: shared.json,
  },
  examples: [["havn silence list", "what is muted now, or will be"]],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const all = await api.get("/api/v2/silences", silencesAnswer, { signal });
    const shown = options.all ? all : all.filter(({ status }) => status.state !== "expired");
    io.out(
      options.json
        ? JSON.stringify(shown, undefined, 2)
        : silencesView(shown, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
