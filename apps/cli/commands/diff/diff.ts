import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { compareDeclared, compareRunning, findRunning, readRunning } from "../../flows/compare.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { differencesView } from "../../views/compare.ts";

export const command = defineCommand({
  name: "diff",
  summary: "everything in which two environments differ, declared and running",
  group: "Look",
  description:
    "What the configuration declares for each, and what runs: resources as applied last, releases, and what hosts have " +
    "that was not applied. Names of the environments are taken out, so that resources pair up. Secrets are compared by " +
    "keyed hashes that mean something in this Havn only. Exit code 0: they are the same; 2: they differ; 1: an error.",
  access: ["environment:read"],
  arguments: [
    { name: "BEFORE", description: "an environment, for example staging" },
    { name: "AFTER", description: "another one, for example prod" },
    { name: "PATH", description: "the configuration that declares both", optional: true },
  ],
  options: {
    declared: { type: "boolean", description: "only what is declared" },
    running: { type: "boolean", description: "only what runs; needs no configuration" },
    json: shared.json,
  },
  examples: [
    ["havn diff staging prod", "what a promotion would bring, and what else differs"],
    ["havn diff staging prod --running", "only what runs"],
  ],
  async run({ arguments: [left = "", right = "", path], options, globals, io, signal }) {
    const flow = { api: await connect(globals, signal), signal };
    const both = options.declared === options.running;
    const load = async (environment: string) =>
      (await loadConfig({ path, environment, globals, io, signal })).graph.resources;
    const differences = {
      before: left,
      after: right,
      ...((both || options.declared) && {
        declared: compareDeclared(
          { name: left, resources: await load(left) },
          { name: right, resources: await load(right) },
          [await findRunning(flow, left), await findRunning(flow, right)],
        ),
      }),
      ...((both || options.running) && {
        running: compareRunning(await readRunning(flow, left), await readRunning(flow, right)),
      }),
    };
    const { declared = [], running } = differences;
    io.out(options.json ? JSON.stringify(differences, undefined, 2) : differencesView(differences, io.style));
    const found = declared.length + (running ? Object.values(running).flat().length : 0);
    return found > 0 ? exitCodes.changes : exitCodes.ok;
  },
});
