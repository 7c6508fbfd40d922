import { resolve } from "node:path";
import { type Diagnostic, HavnError, isReference, type Location } from "@havn/model";
import { closestName } from "@havn/plan";
import {
  type ExplainedSetting,
  isPlainObject,
  type Layer,
  type MergeStrategy,
  mergeLayers,
} from "./data-merge.ts";
import { literalPlaces, type Places, parseLayer } from "./data-places.ts";
import { currentEnvironment, explainData } from "./environment.ts";
import { findProjectFile, shownPath } from "./files.ts";
import { callerLocation } from "./location.ts";
import { secret } from "./secrets.ts";

export type { ExplainedSetting, LayerValue, MergeStrategy } from "./data-merge.ts";

/** Some of the settings, at any depth; null takes a key out of an object that is merged. */
export type Settings<D> = {
  readonly [K in keyof D]?: D[K] extends readonly unknown[]
    ? D[K]
    : D[K] extends Readonly<Record<string, unknown>>
      ? Settings<D[K]>
      : D[K];
};

/** Settings as a value, or the path of a YAML, JSON or TOML file relative to the configuration. */
export type LayerSource<D> = Settings<D> | string;
/** By name; or one path with `{environment}`, `{role}` or `{host}` in it, whose files need not exist. */
export type ScopedLayers<D> = Readonly<Record<string, LayerSource<D>>> | string;

export interface DataOptions<D extends object> {
  /** Every setting there is, with its standard value: its types are the settings' types. `required()` has none. */
  defaults: D;
  /** How values of several layers become one, by key. Default: objects are merged, of everything else the most specific. */
  merge?: Readonly<Record<string, MergeStrategy>>;
  /** From general to specific: each overrules those before. */
  layers?: {
    organisation?: LayerSource<NoInfer<D>>;
    environment?: ScopedLayers<NoInfer<D>>;
    role?: ScopedLayers<NoInfer<D>>;
    host?: ScopedLayers<NoInfer<D>>;
  };
  /** In place of `layers`, as in Hiera: paths, the most specific first, with `{environment}`, `{role}`, `{host}` in them. */
  hierarchy?: readonly string[];
}

/** What settings are asked for. */
export interface DataScope {
  role?: string;
  host?: string;
  /** Default: the environment that is being described. */
  environment?: string;
}

export interface Data<D extends object> {
  /** The settings for a host or a role. What is wrong in a layer is told with layer, file and line. */
  for(scope?: DataScope): D;
}

/** Where the settings of one scope came from. */
export interface ExplainedData extends DataScope {
  settings: ExplainedSetting[];
}

const requiredMark = Symbol("required");

/**
 * In `defaults`: a setting that some layer has to give.
 * @example data({ defaults: { domain: required<string>() }, … })
 */
export const required = <T>(): T => requiredMark as unknown as T;

/**
 * Settings that merge from the organisation over environment and role to the host. `havn explain HOST/SETTING` shows
 * each layer's value and who wins.
 *
 * @example
 * const settings = data({
 *   defaults: { workers: 2, packages: ["curl"], tls: { enabled: false, port: 443 } },
 *   merge: { packages: "unique" },
 *   layers: {
 *     environment: { prod: { workers: 8, tls: { enabled: true } } },
 *     role: "data/roles/{role}.yaml",
 *     host: { "web-1": { packages: ["--curl", "strace"] } },
 *   },
 * });
 * const { workers, tls } = settings.for({ host: "web-1", role: "web" });
 */
export function data<D extends object>(options: DataOptions<D>): Data<D> {
  const at = callerLocation() ?? { file: "configuration", line: 1, column: 1 };
  const places = literalPlaces(findSource(at), at);
  return {
    for(scope = {}) {
      const full = { ...scope, environment: scope.environment ?? currentEnvironment() };
      const layers = layersOf(options as DataOptions<object>, { scope: full, places, at });
      const problems = checkLayers(layers, options.merge ?? {}, at);
      if (problems.length > 0) throw wrong(problems);
      const { value, settings } = mergeLayers(layers, options.merge ?? {});
      const missing = settings.filter((setting) => setting.layers.length === 0);
      if (missing.length > 0)
        throw wrong(missing.map(({ key }) => notGiven(key, full, places(["defaults", ...key.split(".")]))));
      explainData({ ...full, settings });
      return value as unknown as D;
    },
  };
}

function findSource({ file }: Location): string | undefined {
  try {
    return findProjectFile(resolve(process.cwd(), file));
  } catch {
    // Outside of an evaluation there are no lines to tell but that of the call.
    return undefined;
  }
}

interface LayerContext {
  scope: DataScope;
  places: Places;
  at: Location;
}

function layersOf(options: DataOptions<object>, context: LayerContext): Layer[] {
  const { defaults, layers = {}, hierarchy } = options;
  const literal = (name: string, value: unknown, path: string[]): Layer => ({
    name,
    value: openReferences(isPlainObject(value) ? value : {}) as Layer["value"],
    places: (inner) => context.places([...path, ...inner]),
  });
  const all = [literal("defaults", defaults, ["defaults"])];
  for (const path of [...(hierarchy ?? [])].reverse()) all.push(...fileLayers(path, path, context));
  const source = (name: string, value: unknown, path: string[]): Layer[] =>
    typeof value === "string" ? fileLayers(name, value, context) : [literal(name, value, path)];
  if (layers.organisation !== undefined)
    all.push(...source("organisation", layers.organisation, ["layers", "organisation"]));
  for (const level of ["environment", "role", "host"] as const) {
    const given = layers[level];
    const name = context.scope[level];
    if (given === undefined || name === undefined) continue;
    if (typeof given === "string") all.push(...fileLayers(`${level} ${name}`, given, context));
    else if (Object.hasOwn(given, name))
      all.push(...source(`${level} ${name}`, given[name], ["layers", level, name]));
  }
  return all;
}

/** None where the path speaks of something that is not asked for, or of a file that is not there. */
function fileLayers(name: string, template: string, { scope, at }: LayerContext): Layer[] {
  let missing = false;
  const path = template.replace(/\{(\w+)\}/g, (whole, word: string) => {
    if (word !== "environment" && word !== "role" && word !== "host")
      throw wrong([
        error(
          `"${whole}" in the path "${template}" means nothing`,
          "Write {environment}, {role} or {host}.",
          at,
        ),
      ]);
    const value = scope[word];
    // A name is one part of a path: none leads out of the folder.
    if (value === undefined || !/^[\w.-]+$/.test(value) || value.startsWith(".")) missing = true;
    return value ?? "";
  });
  if (missing) return [];
  const text = findProjectFile(path);
  if (text === undefined) {
    if (template.includes("{")) return [];
    throw wrong([error(`There is no data file "${path}"`, "Correct the path, or make the file.", at)]);
  }
  const { value, places } = parseLayer(shownPath(path), text);
  if (value === null || value === undefined) return [];
  if (!isPlainObject(value))
    throw wrong([error(`${path} holds no settings`, "At its top it has keys and values.", places([]))]);
  return [{ name, value: openReferences(value) as Layer["value"], places }];
}

/** In files `{ $sops: "secrets/prod.yaml#db.password" }` and `{ $age: "key.age" }` are secrets of the repository. */
function openReferences(value: unknown): unknown {
  if (isReference(value) || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(openReferences);
  const given = value as Record<string, unknown>;
  if (typeof given.$sops === "string") {
    const [file = "", key = ""] = given.$sops.split("#");
    return secret.fromSops(file, key);
  }
  if (typeof given.$age === "string") return secret.age(given.$age);
  return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, openReferences(item)]));
}

/** Every setting of a layer is one that there is, and of its kind. */
function checkLayers(
  [defaults, ...layers]: readonly Layer[],
  merge: Readonly<Record<string, MergeStrategy>>,
  at: Location,
): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const check = (layer: Layer, value: unknown, shape: unknown, path: readonly string[]): void => {
    const key = path.join(".");
    if (isPlainObject(value) && isPlainObject(shape) && Object.keys(shape).length > 0) {
      for (const [name, inner] of Object.entries(value)) {
        const here = [...path, name];
        if (Object.hasOwn(shape, name)) check(layer, inner, shape[name], here);
        else problems.push(unknown(layer, here, Object.keys(shape)));
      }
      return;
    }
    const expected = kindOf(shape);
    const found = kindOf(value);
    const isRemoval = value === null && path.length > 1;
    if (expected === undefined || expected === found || isRemoval) return;
    if (isReference(value) && expected === "text") return;
    problems.push(
      error(
        `"${key}" is ${article(found)} in layer ${layer.name}`,
        `It is ${article(expected)}. Correct the value.`,
        layer.places(path),
      ),
    );
  };
  for (const layer of layers) check(layer, layer.value, defaults?.value, []);
  for (const [key, strategy] of Object.entries(merge)) {
    const shape = key
      .split(".")
      .reduce<unknown>((one, part) => (isPlainObject(one) ? one[part] : undefined), defaults?.value);
    if (shape === undefined)
      problems.push(error(`merge names "${key}", which is no setting`, "Correct the name.", at));
    else if (strategy === "unique" && !Array.isArray(shape) && shape !== requiredMark)
      problems.push(
        error(`"${key}" cannot be merged as unique`, "Only lists are. Correct the strategy.", at),
      );
  }
  return problems;
}

/** Undefined: any kind will do. */
function kindOf(value: unknown): string | undefined {
  if (value === undefined || value === requiredMark) return undefined;
  if (value === null) return "nothing";
  if (typeof value === "string" || isReference(value)) return "text";
  if (Array.isArray(value)) return "list";
  return typeof value === "object" ? "object" : typeof value;
}

const article = (kind: string | undefined): string =>
  kind === "nothing" || kind === undefined ? "nothing" : `${kind === "object" ? "an" : "a"} ${kind}`;

function unknown(layer: Layer, path: readonly string[], names: readonly string[]): Diagnostic {
  const closest = closestName(path.at(-1) ?? "", names);
  return error(
    `Unknown setting "${path.join(".")}" in layer ${layer.name}`,
    closest === undefined ? `There are: ${names.join(", ")}.` : `Did you mean "${closest}"?`,
    layer.places(path),
  );
}

const notGiven = (key: string, { role, host, environment }: DataScope, at: Location): Diagnostic =>
  error(
    `No layer gives "${key}"`,
    `Asked for ${[environment && `environment ${environment}`, role && `role ${role}`, host && `host ${host}`].filter(Boolean).join(", ")}. Write it in one of the layers.`,
    at,
  );

const error = (summary: string, detail: string, at: Location): Diagnostic => ({
  severity: "error",
  ...{ summary, detail, at },
});

const wrong = (diagnostics: Diagnostic[]): HavnError =>
  new HavnError(diagnostics[0]?.summary ?? "", {
    detail: diagnostics[0]?.detail ?? "",
    status: 400,
    diagnostics,
  });
