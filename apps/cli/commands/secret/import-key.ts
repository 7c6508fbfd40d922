import { connect } from "../../api/connect.ts";
import { recipientsAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret import-key",
  summary: "bring age identities, so that Havn opens what is encrypted already",
  group: "Access",
  description: "Reads an age key file from standard input. They never leave the control plane again.",
  access: ["secret:key"],
  options: { json: shared.json },
  examples: [["havn secret import-key < ~/.config/sops/age/keys.txt", "those that SOPS uses here"]],
  async run({ options, globals, io, signal }) {
    const identities = await io.readSecret("Identity (AGE-SECRET-KEY-1…): ", signal);
    const api = await connect(globals, signal);
    const body = { identities };
    const answer = await api.post("/api/v1/secret-recipients", recipientsAnswer, { body, signal });
    if (answer.recipients.length === 0) io.tell("All of them were here already.");
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.recipients.join("\n"));
    return undefined;
  },
});
