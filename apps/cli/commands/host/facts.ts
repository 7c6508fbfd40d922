import { connect } from "../../api/connect.ts";
import { factsAnswer } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { factsView } from "../../views/facts.ts";

export const command = defineCommand({
  name: "facts",
  summary:
    "what a host tells of itself: system, memory, disks, network, packages, services, and facts of your own",
  group: "Look",
  description:
    "These are the values that `fact` stands for in conditions and texts. Facts that the applied configuration defines " +
    "(`defineFact`) are found by their names.",
  access: ["host:read"],
  arguments: [
    { name: "HOST", description: "name of the host" },
    {
      name: "NAME",
      description: "a fact, or the way to a value inside it; unset: all but packages and services",
      optional: true,
      repeated: true,
    },
  ],
  options: { environment: shared.environment, json: shared.json },
  examples: [
    ["havn facts web-1", "system, processors, memory, disks, network"],
    ["havn facts web-1 os.codename packages.nginx", "single values"],
    ["havn facts web-1 services --json | jq '.services'", "for a program"],
  ],
  async run({ arguments: [host = "", ...wanted], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/hosts/${encodeURIComponent(host)}/facts`;
    const names = wanted.filter((name) => name !== undefined);
    const query = { name: names.length > 0 ? names.join(",") : undefined };
    const { facts } = await api.get(path, factsAnswer, { query, signal });
    const values = Object.fromEntries(facts.map(({ name, value }) => [name, value]));
    io.out(options.json ? JSON.stringify(values, undefined, 2) : factsView(facts, io.style));
    const failed = facts.filter(({ error }) => error !== undefined);
    for (const { name, error } of failed) io.warn(`${name}: ${error}`);
    return failed.length > 0 ? exitCodes.error : exitCodes.ok;
  },
});
