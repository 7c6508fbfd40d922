import { encryptAge } from "@havn/sops";
import { connect } from "../../api/connect.ts";
import { recipientsAnswer } from "../../api/schemas.ts";
import { defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "secret encrypt",
  summary: "encrypt a value for the repository",
  group: "Access",
  description:
    "Reads the value from standard input, less one line break at its end, and writes an armored age file: commit it, and " +
    'refer to it as secret.age("FILE"). With --recipient it needs no Havn that runs.',
  access: ["secret:read"],
  options: {
    recipient: {
      type: "string",
      short: "r",
      value: "RECIPIENTS",
      description: "for whom, parted by commas (the control plane's newest where unset)",
    },
  },
  examples: [
    ["havn secret encrypt > secrets/payment-key.age", "asks for the value; nothing is shown"],
    ["havn secret encrypt -r age1…,age1… < key.pem > secrets/key.age", "for two"],
  ],
  async run({ options, globals, io, signal }) {
    const recipients = options.recipient
      ? options.recipient.split(",").map((one) => one.trim())
      : await newest();
    const value = await io.readSecret("Value: ", signal);
    if (value === "")
      throw new UsageError("The value is empty", "Pipe it in, or type it where it is asked for.");
    io.out((await encryptAge(value, recipients)).trimEnd());
    return undefined;

    async function newest(): Promise<string[]> {
      const api = await connect(globals, signal);
      const answer = await api.get("/api/v1/secret-recipients", recipientsAnswer, { signal });
      return answer.recipients.slice(0, 1);
    }
  },
});
