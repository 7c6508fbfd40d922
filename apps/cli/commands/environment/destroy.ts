import { connect } from "../../api/connect.ts";
import { environmentsAnswer } from "../../api/schemas.ts";
import { carryOut, makePlan } from "../../flows/apply.ts";
import { refuseRemote } from "../../flows/local.ts";
import { chooseEnvironment, forget } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { stopServer } from "../../server/control.ts";

export const command = defineCommand({
  name: "destroy",
  summary: "remove an environment: machines, units, files, rules",
  group: "Environments",
  description:
    "Shows what will be removed, asks for the environment's name, and removes it; nothing of it remains but its " +
    "history. Havn itself goes on running, for other environments; with --all every environment is destroyed and " +
    "Havn is stopped too.",
  access: ["plan:create", "environment:destroy"],
  arguments: [
    { name: "ENVIRONMENT", description: "unset: the one last used, or the only one", optional: true },
  ],
  options: {
    yes: shared.yes,
    all: { type: "boolean", description: "every environment, and then stop Havn" },
  },
  examples: [
    ["havn destroy shop", "show what goes, ask, remove it"],
    ["havn destroy --all --yes", "leave nothing running here"],
  ],
  async run({ arguments: [named], options, globals, io, signal }) {
    if (options.all && named) throw new UsageError("--all and an environment's name exclude each other");
    if (options.all) refuseRemote(globals, "destroy --all");
    const api = await connect(globals, signal);
    const names = options.all
      ? (await api.get("/api/v1/environments", environmentsAnswer, { signal })).environments.map(
          ({ environment }) => environment,
        )
      : [await chooseEnvironment(named, { globals, api, signal })];
    for (const environment of names) {
      const flow = { api, io, signal };
      const plan = await makePlan(flow, { destroy: environment });
      await carryOut(flow, { plan, sources: [], kind: "destroy", yes: options.yes });
      forget(globals, environment);
      io.tell(`${io.style.green("✓")} ${environment} is gone.`);
    }
    if (options.all) {
      await stopServer(globals.dataDirectory, signal);
      io.tell(
        `${io.style.green("✓")} Havn is stopped. Its history stays in ${globals.dataDirectory} until you remove it.`,
      );
    } else io.tell("Havn goes on running: `havn down` stops it.");
    return undefined;
  },
});
