import { schemaOf } from "@havn/infrastructure/definitions";
import {
  type Address,
  type Condition,
  conditionSchema,
  type Diagnostic,
  dnsLabel,
  type Enforcement,
  enforcementSchema,
  formatAddress,
  HavnError,
  type Location,
  type MaintenanceWindow,
  parseAddress,
  type Resource,
  type ResourceGraph,
  type Rollout,
} from "@havn/model";
import { byPlace, checkGraph } from "@havn/plan";
import type { ExplainedData } from "./data.ts";
import { callerLocation } from "./location.ts";
import { connectNotified, describeUnnotified, type Notification } from "./notify.ts";
import { optionsOf } from "./options.ts";
import { connectPaths } from "./paths.ts";
import { referencedAddresses } from "./references.ts";
import { type RolloutOptions, rollout } from "./rollout.ts";
import { sealedFilesOf } from "./secrets.ts";

/** Stands for a declared resource wherever another one needs it. */
export interface Handle {
  readonly type: string;
  /** Name of the resource, as it was written. */
  readonly name: string;
  /** Address of the resource: `shop/host/web-1`. */
  readonly resource: Address;
}

/** A handle, or an address such as `"shop/file/web-1:/etc/motd"`. */
export type Dependency = Handle | Address;

/** What every constructor takes. */
export interface CommonOptions {
  /**
   * What must be real before this. What is used by handle or reference is found by itself: write here only what cannot be seen.
   * @example dependsOn: [certificate]
   */
  dependsOn?: Dependency | readonly Dependency[] | undefined;
}

export interface EnvironmentOptions {
  /**
   * Team or person that answers for it. Shown wherever something of it fails.
   * @example owner: "team-shop"
   */
  owner?: string;
  /**
   * Its hosts change in batches, rather than all at the same time; see `rollout` for some of them only.
   * @example rollout: { serial: [1, "25%"], maxFailurePercentage: 10, gate: { noAlerts: true } }
   */
  rollout?: RolloutOptions;
  /**
   * When agents of all its hosts mend nothing, beside what a host itself says: from each time of a schedule (as cron has
   * it) on, in an IANA time zone (UTC where left out).
   * @example maintenance: [{ schedule: "0 2 * * sat", for: "4h", zone: "Europe/Oslo", reason: "patches" }]
   */
  maintenance?: readonly MaintenanceWindowOptions[];
}

/**
 * A time that comes again and again, during which agents mend nothing and nobody is told of alerts: from each time of a
 * `schedule` (as cron has it) on, or by an `rrule` (RFC 5545) from a first time on.
 */
export type MaintenanceWindowOptions = WithoutZone<MaintenanceWindow> & { zone?: string };
type WithoutZone<T> = T extends unknown ? Omit<T, "zone"> : never;

/** What a `havn.config.ts` exports by default. */
export interface Environment {
  readonly name: string;
  /** Everything that was declared. Not to be used while `diagnostics` holds an error. */
  readonly graph: ResourceGraph;
  /** Everything that is wrong with it, each with file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where its settings came from. See `data`. */
  readonly settings: readonly ExplainedData[];
}

interface Collecting {
  name: string;
  resources: Resource[];
  rollouts: Rollout[];
  notifications: Notification[];
  diagnostics: Diagnostic[];
  /** Things that several constructors share, by a key of theirs. */
  shared: Map<string, unknown>;
  finish: (() => void)[];
  settings: ExplainedData[];
}

let current: Collecting | undefined;

/**
 * Declares an environment: everything that `describe` constructs belongs to it. It only describes; nothing is made
 * before it was planned and applied.
 *
 * @example
 * export default environment("shop", { owner: "team-shop" }, () => {
 *   const web = ["web-1", "web-2"].map((name) => host(name, { machine: machine(name) }));
 *   service("shop", { source: "./app", command: ["node", "server.js"], hosts: web, port: 8080 });
 * });
 */
export function environment(name: string, options: EnvironmentOptions, describe: () => void): Environment {
  if (current)
    throw new HavnError(`environment("${name}") stands inside environment("${current.name}")`, {
      detail: "Declare one after the other.",
      status: 400,
    });
  const collecting: Collecting = {
    ...{ name, resources: [], rollouts: [], notifications: [], diagnostics: [] },
    ...{ shared: new Map(), finish: [], settings: [] },
  };
  const at = callerLocation();
  current = collecting;
  try {
    const result: unknown = describe();
    if (options.rollout) rollout(options.rollout);
    for (const one of connectNotified(collecting.resources, collecting.notifications)) {
      const { summary, detail } = describeUnnotified(one);
      complain(summary, detail, one.location);
    }
    for (const finish of collecting.finish) finish();
    if (result instanceof Promise) {
      result.catch(() => {});
      complain(
        "environment() got an async function",
        "What it declares after an await is lost. Remove async.",
        at,
      );
    }
    if (!dnsLabel.safeParse(name).success)
      complain(
        `"${name}" cannot be the name of an environment`,
        "Use lower-case letters, digits and hyphens, at most 63 characters.",
        at,
      );
  } finally {
    current = undefined;
  }
  const fights = connectPaths(collecting.resources);
  const { rollouts } = collecting;
  const { owner, maintenance = [] } = options;
  addMaintenance(collecting.resources, maintenance);
  const checked = checkGraph(
    {
      ...{ version: 1, environment: name, ...(owner !== undefined && { owner }) },
      ...{ resources: collecting.resources, ...(rollouts.length > 0 && { rollouts }) },
    },
    { schemaOf, optionsOf },
  );
  const diagnostics = [...collecting.diagnostics, ...fights, ...checked.diagnostics].sort(byPlace);
  const sealed = sealedFilesOf(checked.graph.resources);
  const graph = sealed.length === 0 ? checked.graph : { ...checked.graph, sealed };
  return { name, graph, diagnostics, settings: collecting.settings };
}

/** An environment's windows are those of each of its hosts too. */
function addMaintenance(resources: Resource[], windows: readonly MaintenanceWindowOptions[]): void {
  if (windows.length === 0) return;
  for (const { type, properties } of resources)
    if (type === "host")
      properties.maintenance = [...windows, ...listOf(properties.maintenance as typeof windows)];
}

export interface Declaration {
  type: string;
  name: string;
  /** Where it lives, by handle or name; absent for what the control plane makes real. */
  host?: unknown;
  /** Of a resource on a host, `enforcement` and `notify` among them are taken out: every type has them. */
  properties: Record<string, unknown>;
  /** Handles and addresses that it comes after, beside those of its host and of references in its properties. */
  after?: readonly unknown[];
  location?: Location | undefined;
}

const controlCharacters = /[\p{Cc}\u2028\u2029]/u;

/** Takes a resource into the environment that is being described. */
export function declare(declaration: Declaration): Resource {
  const { type } = declaration;
  // What every resource on a host takes, whatever its constructor hands on.
  const { when, enforcement, notify, ...properties } =
    declaration.host === undefined
      ? { when: undefined, enforcement: undefined, notify: undefined, ...declaration.properties }
      : declaration.properties;
  const { name: environmentName, resources, notifications } = collecting(`${type}("${declaration.name}")`);
  const host = declaration.host === undefined ? undefined : String(nameOf(declaration.host));
  const name = host === undefined ? declaration.name : `${host}:${declaration.name}`;
  const location = declaration.location ?? callerLocation();
  if (controlCharacters.test(name))
    complain(
      `${JSON.stringify(declaration.name)} cannot be the name of any ${type}`,
      "A name is one line without control characters. Correct it.",
      location,
    );
  const after = [
    ...(host === undefined
      ? []
      : [formatAddress({ environment: environmentName, type: "host", name: host })]),
    ...(declaration.after ?? []).flatMap((one) => addressOf(one, `${type} "${name}"`, location)),
    ...referencedAddresses(properties, environmentName),
  ];
  const address = formatAddress({ environment: environmentName, type, name });
  const resource: Resource = {
    address,
    type,
    name,
    ...(host !== undefined && { host }),
    properties: withoutUndefined(properties),
    dependsOn: [...new Set(after)].filter((one) => one !== address),
    ...enforcementIn(enforcement, `${type} "${name}"`, location),
    ...conditionIn(when, `${type} "${name}"`, location),
    ...(location && { location }),
  };
  resources.push(resource);
  for (const one of listOf(notify))
    for (const to of addressOf(one, `${type} "${name}"`, location)) {
      const does = typeof one === "object" && one !== null && "reload" in one ? "reload" : "act";
      notifications.push({ from: address, to, does, location });
    }
  return resource;
}

function enforcementIn(
  enforcement: unknown,
  of: string,
  location: Location | undefined,
): { enforcement?: Enforcement } {
  if (enforcement === undefined) return {};
  const parsed = enforcementSchema.safeParse(enforcement);
  if (parsed.success) return { enforcement: parsed.data };
  complain(`"enforcement" of ${of} is not valid`, 'Write "enforce", "noop" or "off".', location);
  return {};
}

function conditionIn(when: unknown, of: string, location: Location | undefined): { when?: Condition } {
  if (when === undefined) return {};
  const parsed = conditionSchema.safeParse(when);
  if (parsed.success) return { when: parsed.data };
  complain(
    `"when" of ${of} is no condition`,
    'Compare a fact: when: fact.os.codename.equals("bookworm"). The host decides it, so what is known here needs no condition: use if.',
    location,
  );
  return {};
}

/** The environment's one value for `key`, made at first use: a package that several constructors bring, for example. */
export function shared<T>(key: string, make: () => T): T {
  const { shared } = collecting(key);
  if (!shared.has(key)) shared.set(key, make());
  return shared.get(key) as T;
}

/** Takes a rollout into the environment that is being described. */
export function addRollout(one: Rollout): void {
  collecting("rollout()").rollouts.push(one);
}

/** Name of the environment that is being described; undefined outside of one. */
export const currentEnvironment = (): string | undefined => current?.name;

/** Keeps where settings came from, for `havn explain`. */
export function explainData(explained: ExplainedData): void {
  current?.settings.push(explained);
}

/** Calls `work` once everything was declared. */
export function whenDescribed(work: () => void): void {
  collecting("this").finish.push(work);
}

/** Collects an error about the call that is under way. */
export function complain(summary: string, detail: string, at = callerLocation()): void {
  collecting(summary).diagnostics.push({ severity: "error", summary, detail, ...(at && { at }) });
}

/** Takes in what was found wrong, or is worth knowing, in files of the project. */
export function addDiagnostics(diagnostics: readonly Diagnostic[]): void {
  collecting("this").diagnostics.push(...diagnostics);
}

/** Name of what is given by handle or by name. Anything else is handed on: the schema tells what is wrong with it. */
export function nameOf(value: unknown): unknown {
  return isHandle(value) ? value.name : value;
}

export function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "resource" in value && "name" in value;
}

/** One or several as a list. */
export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

function addressOf(value: unknown, user: string, location: Location | undefined): Address[] {
  if (typeof value === "string" && /^[^/]+\/[^/]+\/.+$/.test(value)) return [value];
  if (!isHandle(value)) return [];
  const { environment: home } = parseAddress(value.resource);
  const here = collecting(user).name;
  if (home === here) return [value.resource];
  complain(
    `${value.type} "${value.name}" is not in environment "${here}"`,
    `${user} uses it, but it runs in "${home}". Declare one of its own in "${here}", or use another.`,
    location,
  );
  return [];
}

function collecting(what: string): Collecting {
  if (current) return current;
  throw new HavnError(`${what} stands outside of an environment`, {
    detail: 'Move it into environment("name", {}, () => { … }).',
    status: 400,
  });
}

const withoutUndefined = (properties: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
