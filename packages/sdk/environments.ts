import { type Diagnostic, HavnError, type ResourceGraph } from "@havn/model";
import { closestName } from "@havn/plan";
import type { ExplainedData } from "./data.ts";
import { type Environment, type EnvironmentOptions, environment } from "./environment.ts";

/** Environments by name, each described when it is asked for: a mistake in one does not hold up another. */
export type Environments<Name extends string = string> = Readonly<Record<Name, () => Environment>>;

/**
 * Declares several environments by one description: what differs between them are its parameters, and types check that
 * each has all of them. `havn plan -e staging` chooses.
 *
 * @example
 * export default environments(
 *   { staging: { web: 1, domain: "staging.example.org" }, prod: { web: 3, domain: "example.org" } },
 *   { owner: "team-shop" },
 *   ({ web, domain }, name) => { … },
 * );
 */
export function environments<Name extends string, Parameters>(
  parameters: Readonly<Record<Name, Parameters>>,
  options: EnvironmentOptions,
  describe: (parameters: Parameters, name: Name) => void,
): Environments<Name> {
  const names = Object.keys(parameters) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, () => environment(name, options, () => describe(parameters[name], name))]),
  ) as unknown as Environments<Name>;
}

/**
 * What a configuration file's default export declares, as it will travel. `wanted` names one of several environments;
 * see `pickEnvironment` for what it throws.
 */
export function evaluateGraph(
  exported: unknown,
  wanted?: string,
): { graph: ResourceGraph; diagnostics: Diagnostic[]; settings: ExplainedData[] } {
  const { graph, diagnostics, settings = [] } = pickEnvironment(exported, wanted);
  // What JSON leaves out is left out here already.
  return {
    graph: JSON.parse(JSON.stringify(graph)) as ResourceGraph,
    diagnostics: [...diagnostics],
    settings: [...settings],
  };
}

/**
 * The environment that a configuration's default export declares: the one of that name, or the only one. Throws a
 * HavnError (400) where it is no environment, where there are several and none is named, or none of that name.
 */
function pickEnvironment(exported: unknown, wanted: string | undefined): Environment {
  const all = listExported(exported);
  const names = [...all.keys()];
  if (wanted !== undefined) {
    const found = all.get(wanted);
    if (found) return described(found, wanted);
    const closest = closestName(wanted, names);
    throw new HavnError(`The configuration declares no environment "${wanted}"`, {
      detail: `${closest === undefined ? "" : `Did you mean "${closest}"? `}It declares: ${names.join(", ")}.`,
      status: 400,
    });
  }
  const [only] = all;
  if (only && all.size === 1) return described(only[1], only[0]);
  throw new HavnError("The configuration declares several environments", {
    detail: `Choose one with -e NAME: ${names.join(", ")}.`,
    status: 400,
  });
}

type Described = Environment | (() => unknown);

/** Runs what describes it, and holds it to the name that it stands under. */
function described(one: Described, name: string): Environment {
  const result = typeof one === "function" ? one() : one;
  if (!isEnvironment(result)) throw noEnvironment();
  if (result.name === name) return result;
  throw new HavnError(`The environment "${result.name}" is exported under the name "${name}"`, {
    detail: "Give both the same name.",
    status: 400,
  });
}

function listExported(exported: unknown): Map<string, Described> {
  if (isEnvironment(exported)) return new Map([[exported.name, exported]]);
  if (typeof exported !== "object" || exported === null) throw noEnvironment();
  const entries: [string, unknown][] = Array.isArray(exported)
    ? exported.map((one: unknown) => [isEnvironment(one) ? one.name : "", one])
    : Object.entries(exported);
  const sound = entries.filter((entry): entry is [string, Described] =>
    Array.isArray(exported)
      ? isEnvironment(entry[1])
      : isEnvironment(entry[1]) || typeof entry[1] === "function",
  );
  if (sound.length === 0 || sound.length < entries.length) throw noEnvironment();
  const all = new Map(sound);
  if (all.size === sound.length) return all;
  const twice = sound.find(([name], index) => sound.findIndex(([other]) => other === name) < index)?.[0];
  throw new HavnError(`The configuration exports the environment "${twice}" twice`, {
    detail: "Rename or remove one of them.",
    status: 400,
  });
}

const isEnvironment = (value: unknown): value is Environment =>
  typeof value === "object" && value !== null && "graph" in value && "diagnostics" in value;

const noEnvironment = (): HavnError =>
  new HavnError("The configuration does not export an environment", {
    detail:
      'Begin it with: import { environment } from "havn"; export default environment("name", {}, () => { … });',
    status: 400,
  });
