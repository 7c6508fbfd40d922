import { connect } from "../../api/connect.ts";
import { tokensAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { tokensView } from "../../views/tokens.ts";

export const command = defineCommand({
  name: "token list",
  summary: "the tokens there are; never their values",
  group: "Access",
  access: ["token:read"],
  options: { json: shared.json },
  examples: [["havn token list", "who may what, until when"]],
  async run({ options, globals, io, signal }) {
    const answer = await (await connect(globals, signal)).get("/api/v1/tokens", tokensAnswer, { signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : tokensView(answer.tokens, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
