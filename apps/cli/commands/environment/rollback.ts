import { applySchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { follow } from "../../flows/apply.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "rollback",
  summary: "take a service's previous release back",
  group: "Environments",
  description:
    "Rolls out as a deploy does, one instance at a time. Again takes back the release before that one.",
  access: ["rollback:create"],
  arguments: [{ name: "SERVICE", description: "the service's name" }],
  options: { environment: shared.environment },
  examples: [["havn rollback shop", "the release before the present one"]],
  async run({ arguments: [service], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/rollback`;
    const apply = await api.post(path, applySchema, { body: { service }, signal });
    await follow({ api, io, signal }, apply);
    return undefined;
  },
});
