import { HavnError } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { findUsers, pathOfSecret } from "../../flows/secrets.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "secret delete",
  summary: "delete a secret that nothing uses",
  group: "Access",
  description: "One that something of what was applied last uses is deleted with --force only.",
  access: ["secret:delete", "environment:read"],
  arguments: [{ name: "NAME", description: "as `havn secret list` shows it" }],
  options: {
    environment: shared.environment,
    force: {
      type: "boolean",
      description: "also when it is used: where it is generated, the next apply makes another",
    },
  },
  examples: [["havn secret delete old-key -e prod", "gone for good"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const users = await findUsers({ api, signal }, environment);
    const used = users.get(name) ?? [];
    if (used.length > 0 && !options.force)
      throw new HavnError(`The secret "${name}" of ${environment} is used`, {
        detail: `By ${used.map(({ address }) => address).join(", ")}. Take it out there and apply first; --force deletes it all the same.`,
        status: 409,
      });
    await api.delete(pathOfSecret(environment, name), { signal });
    io.tell(`${io.style.green("✓")} ${name} of ${environment} is gone.`);
    return undefined;
  },
});
