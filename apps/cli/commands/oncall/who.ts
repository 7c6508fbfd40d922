import { connect } from "../../api/connect.ts";
import { onCallAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { onCallView } from "../../views/response.ts";

export const command = defineCommand({
  name: "oncall who",
  summary: "who is on call now, until when, and who is next",
  group: "Look",
  access: ["schedule:read"],
  options: { json: shared.json },
  examples: [["havn oncall who", "every schedule, with the times that only a fallback covers"]],
  async run({ options, globals, io, signal }) {
    const answer = await (await connect(globals, signal)).get("/api/v1/oncall", onCallAnswer, { signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : onCallView(answer, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
