import { connect } from "../../api/connect.ts";
import { secretVersion } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { pathOfSecret, tellUsers } from "../../flows/secrets.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "secret set",
  summary: "set a secret's value, from standard input or typed unseen",
  group: "Access",
  description:
    'The configuration refers to it as secret("NAME"). The value is read from standard input, less one line break at its ' +
    "end, or asked for; never given as an argument, which others on this computer could see. It is kept encrypted, and " +
    "only the hosts that need it get it, with the next `havn apply`.",
  access: ["secret:write"],
  arguments: [{ name: "NAME", description: "lower-case letters, digits and hyphens" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [
    ["havn secret set payment-key -e prod", "asks for it; nothing is shown"],
    ["havn secret set tls-key -e prod < key.pem", "from a file"],
    ["pass show shop/payment | havn secret set payment-key", "from a password store"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const value = await io.readSecret(`Value of ${name} in ${environment}: `, signal);
    if (value === "")
      throw new UsageError("The value is empty", "Pipe it in, or type it where it is asked for.");
    const path = pathOfSecret(environment, name);
    const answer = await api.put(path, secretVersion, { body: { value }, signal });
    if (options.json) io.out(JSON.stringify({ environment, name, ...answer }, undefined, 2));
    io.tell(`${io.style.green("✓")} ${name} of ${environment} is set (version ${answer.version}).`);
    await tellUsers({ api, io, signal }, { environment, name });
    return undefined;
  },
});
