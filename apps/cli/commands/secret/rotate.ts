import { connect } from "../../api/connect.ts";
import { secretVersion } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { pathOfSecret, tellUsers } from "../../flows/secrets.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret rotate",
  summary: "generate a new value for a secret",
  group: "Access",
  description: "Hosts get it with the next `havn apply`, which releases services that use it anew.",
  access: ["secret:write"],
  arguments: [{ name: "NAME", description: "as the configuration names it" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [
    ["havn secret rotate session-key -e prod && havn apply -e prod", "a new value, and out with it"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const answer = await api.post(`${pathOfSecret(environment, name)}/rotate`, secretVersion, { signal });
    if (options.json) io.out(JSON.stringify({ environment, name, ...answer }, undefined, 2));
    io.tell(`${io.style.green("✓")} ${name} of ${environment} has a new value (version ${answer.version}).`);
    await tellUsers({ api, io, signal }, { environment, name });
    return undefined;
  },
});
