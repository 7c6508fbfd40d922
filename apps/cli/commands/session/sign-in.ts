import { connect } from "../../api/connect.ts";
import { signInLink } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { localTime } from "../../views/words.ts";

export const command = defineCommand({
  name: "sign-in",
  summary: "a one-time link that signs a browser in",
  group: "Access",
  access: ["sign-in-link:create"],
  options: { json: shared.json },
  examples: [["havn sign-in", "print the link; it works once"]],
  async run({ options, globals, io, signal }) {
    const link = await (await connect(globals, signal)).post("/api/v1/sign-in-links", signInLink, {
      body: {},
      signal,
    });
    io.out(options.json ? JSON.stringify(link, undefined, 2) : link.url);
    if (!options.json) io.tell(`It works once, until ${localTime(link.expiresAt)}.`);
    return undefined;
  },
});
