import { connect } from "../../api/connect.ts";
import { recipientsAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret keygen",
  summary: "make another age identity in the control plane",
  group: "Access",
  description:
    "Havn has one from its first start. The new one is to encrypt for from now on; older ones go on opening what was " +
    "encrypted for them. Identities stay in the data directory (age-identities, mode 0600): back it up.",
  access: ["secret:key"],
  options: { json: shared.json },
  examples: [["havn secret keygen", "shows the recipient that belongs to it"]],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.post("/api/v1/secret-recipients", recipientsAnswer, { body: {}, signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.recipients.join("\n"));
    return undefined;
  },
});
