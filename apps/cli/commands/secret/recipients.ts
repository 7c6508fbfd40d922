import { connect } from "../../api/connect.ts";
import { recipientsAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret recipients",
  summary: "what to encrypt secrets in the repository for",
  group: "Access",
  description:
    "age recipients of the control plane, the newest first. Whoever has them encrypts; only the control plane opens. Put " +
    "the first one into .sops.yaml.",
  access: ["secret:read"],
  options: { json: shared.json },
  examples: [
    ["sops encrypt -i --age $(havn secret recipients | head -1) prod.yaml", "a SOPS file"],
    ["age -a -r $(havn secret recipients | head -1) -o key.age < key", "an age file with age's own client"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get("/api/v1/secret-recipients", recipientsAnswer, { signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.recipients.join("\n"));
    return undefined;
  },
});
