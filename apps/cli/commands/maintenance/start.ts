import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { environmentsAnswer, maintenanceSchema } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "maintenance start",
  summary: "let agents mend nothing for a while, on a host or in an environment",
  group: "Environments",
  description:
    "Drift is still looked for and told. It ends by itself, also while the control plane is away; what comes again and again is declared in the configuration.",
  access: ["maintenance:create", "environment:read"],
  arguments: [
    { name: "WHAT", description: "host or environment; HOST is looked for in the environment of -e" },
  ],
  options: {
    environment: shared.environment,
    for: { type: "string", value: "DURATION", description: "how long (1h where unset)" },
    reason: { type: "string", value: "TEXT", description: "why, as others see it" },
    json: shared.json,
  },
  examples: [
    ["havn maintenance start web-1 --for 2h --reason 'new disk'", "one host"],
    ["havn maintenance start shop --for 30m --reason 'move'", "all hosts of an environment"],
  ],
  async run({ arguments: [what = ""], options, globals, io, signal }) {
    const length = options.for ?? "1h";
    if (findDuration(length) === undefined)
      throw new UsageError(`--for "${length}" is no duration`, 'Write for example "30m" or "2h".');
    if (!options.reason) throw new UsageError("Why is not told", 'Add --reason "…": others see it.');
    const api = await connect(globals, signal);
    const { environments } = await api.get("/api/v1/environments", environmentsAnswer, { signal });
    const isEnvironment =
      options.environment === undefined && environments.some(({ environment }) => environment === what);
    const environment = isEnvironment
      ? what
      : await chooseEnvironment(options.environment, { globals, api, signal });
    const body = {
      environment,
      ...(what !== environment && { host: what }),
      ...{ for: length, reason: options.reason },
    };
    const begun = await api.post("/api/v1/maintenance", maintenanceSchema, { body, signal });
    if (options.json) io.out(JSON.stringify(begun, undefined, 2));
    else {
      io.tell(
        `${io.style.green("✓")} Nothing is mended on ${begun.hosts.join(", ")} for ${length}. \`havn maintenance stop\` with this ends it:`,
      );
      io.out(begun.id);
    }
    return undefined;
  },
});
