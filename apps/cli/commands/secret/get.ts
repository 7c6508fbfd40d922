import { connect } from "../../api/connect.ts";
import { secretValue } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { pathOfSecret } from "../../flows/secrets.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret get",
  summary: "show a secret's value; the audit log and the timeline tell who did",
  group: "Access",
  description: "Only administrators may. The value alone goes to standard output.",
  access: ["secret:reveal"],
  arguments: [{ name: "NAME", description: "as `havn secret list` shows it" }],
  options: { environment: shared.environment },
  examples: [["havn secret get shop-db -e prod | wl-copy", "into the clipboard"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const { value } = await api.post(`${pathOfSecret(environment, name)}/reveal`, secretValue, { signal });
    io.out(value);
    return undefined;
  },
});
