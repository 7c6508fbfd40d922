import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import {
  compareDeclared,
  compareRunning,
  type DeclaredEnvironment,
  findRunning,
  promote,
  type Running,
  readRunning,
} from "../../flows/compare.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { type Differences, differencesView } from "../../views/compare.ts";

export const command = defineCommand({
  name: "diff",
  summary: "everything in which two environments differ, declared and running",
  group: "Look",
  description:
    "What the configuration declares for each, and what runs: resources as applied last, releases, what hosts have that " +
    "was not applied, and what they are (system, kernel, architecture, processors, memory); at the end what would bring " +
    "AFTER to where BEFORE is. Names of the environments are taken out, so that resources pair up. Secrets are compared " +
    "by keyed hashes that mean something in this Havn only. Exit code 0: they are the same; 2: they differ; 1: an error.",
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
    // Alone, what runs must be there; beside what is declared, an environment may be new.
    const read = both || options.declared ? findRunning : readRunning;
    const running = [await read(flow, left), await read(flow, right)] as const;
    const load = async (name: string): Promise<DeclaredEnvironment> => {
      const { graph } = await loadConfig({ path, environment: name, globals, io, signal });
      return { name, resources: graph.resources };
    };
    const declared = both || options.declared ? ([await load(left), await load(right)] as const) : undefined;
    const differences = differencesOf({ names: [left, right], both, declared, running });
    io.out(options.json ? JSON.stringify(differences, undefined, 2) : differencesView(differences, io.style));
    return areSame(differences) ? exitCodes.ok : exitCodes.changes;
  },
});

interface Compared {
  names: readonly [string, string];
  both: boolean;
  declared: readonly [DeclaredEnvironment, DeclaredEnvironment] | undefined;
  running: readonly [Running | undefined, Running | undefined];
}

function differencesOf({ names: [before, after], both, declared, running }: Compared): Differences {
  const [a, b] = running;
  return {
    ...{ before, after },
    ...(declared && { declared: compareDeclared(...declared, running) }),
    ...(a && b && (both || !declared) && { running: compareRunning(a, b) }),
    ...(both && {
      neverApplied: [before, after].filter((_, side) => running[side] === undefined),
      ...(declared && { promotion: promote(declared, running) }),
    }),
  };
}

const areSame = ({ declared = [], running = undefined, neverApplied = [] }: Differences): boolean =>
  declared.length + neverApplied.length === 0 &&
  (running === undefined || Object.values(running).flat().length === 0);
