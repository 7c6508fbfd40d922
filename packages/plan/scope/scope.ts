import { type Address, formatAddress, HavnError, parseAddress, type Resource } from "@havn/model";
import { chooseHosts } from "../choose/choose.ts";
import { matchesGlob } from "../choose/pattern.ts";
import { closestName } from "../suggest.ts";

/** Which part of an environment is meant. What is not named stays as it is: it is neither compared nor changed. */
export interface ScopeRequest {
  /** Addresses or types, as they stand. */
  only?: readonly string[] | undefined;
  /** Expressions that choose hosts: what lives on them, they themselves and their machines. */
  hosts?: readonly string[] | undefined;
  /** Addresses, types, or patterns with `*` for addresses, with or without the environment. */
  targets?: readonly string[] | undefined;
  /** As targets: left out whatever else says. */
  exclude?: readonly string[] | undefined;
}

export interface Scope {
  desired: Resource[];
  /** Recorded, no longer declared, to be deleted. */
  removed: Resource[];
}

/**
 * What of an environment a request means; all of it where it names nothing. Throws a HavnError (400) for a target or an
 * exclusion that meets nothing, and for an expression that chooses no host: a typing mistake must not change less, or
 * more, than was meant.
 */
export function chooseScope(
  desired: readonly Resource[],
  recorded: readonly Resource[],
  { only, hosts, targets, exclude }: ScopeRequest,
): Scope {
  const declared = new Set(desired.map(({ address }) => address));
  const removed = recorded.filter(({ address }) => !declared.has(address));
  const all = [...desired, ...removed];
  const chosen = [
    ...(only
      ? [(resource: Resource) => only.includes(resource.address) || only.includes(resource.type)]
      : []),
    ...(hosts && hosts.length > 0 ? [onHosts(all, hosts)] : []),
    ...(targets && targets.length > 0 ? [matchingAny(all, targets)] : []),
    ...(exclude && exclude.length > 0 ? [not(matchingAny(all, exclude))] : []),
  ];
  const isMeant = (resource: Resource) => chosen.every((holds) => holds(resource));
  return { desired: desired.filter(isMeant), removed: removed.filter(isMeant) };
}

type Predicate = (resource: Resource) => boolean;

const not =
  (holds: Predicate): Predicate =>
  (resource) =>
    !holds(resource);

function onHosts(resources: readonly Resource[], expressions: readonly string[]): Predicate {
  const hosts = resources.filter(({ type }) => type === "host");
  const choosable = hosts.map(({ address, properties }) => ({
    ...parseAddress(address),
    labels: (properties.labels ?? {}) as Record<string, string>,
    address,
    machine: (properties.via as { machine?: string } | undefined)?.machine,
  }));
  const environment = choosable[0]?.environment;
  const chosen = expressions.flatMap((expression) => {
    const found = chooseHosts(expression, choosable, { environment });
    if (found.length > 0) return found;
    throw new HavnError(`"${expression}" chooses no host`, {
      detail: `Nothing was planned. Hosts here: ${listed(choosable.map(({ name }) => name))}.`,
      status: 400,
    });
  });
  const names = new Set(chosen.map(({ name }) => name));
  const own = new Set<Address>(
    chosen.flatMap(({ address, machine, environment: home }) => [
      address,
      ...(machine === undefined
        ? []
        : [formatAddress({ environment: home, type: "machine", name: machine })]),
    ]),
  );
  return ({ address, host }) => (host === undefined ? own.has(address) : names.has(host));
}

/**
 * Whether a resource is one that is named, as targets name them. Throws a HavnError (400) for a name that none of
 * `resources` has.
 */
export function matchingAny(
  resources: readonly Resource[],
  patterns: readonly string[],
): (resource: Resource) => boolean {
  for (const pattern of patterns)
    if (!resources.some((resource) => matchesTarget(resource, pattern)))
      throw new HavnError(`Nothing here is called "${pattern}"`, {
        detail: `${suggestion(pattern, resources)} Nothing was planned.`,
        status: 400,
      });
  const exact = new Set(patterns);
  const loose = patterns.filter((pattern) => pattern.includes("*"));
  return (resource) =>
    exact.has(resource.address) ||
    exact.has(resource.type) ||
    exact.has(shortOf(resource)) ||
    loose.some((pattern) => matchesTarget(resource, pattern));
}

/** An address with or without its environment, a type, or a pattern of one of these. */
function matchesTarget(resource: Resource, pattern: string): boolean {
  const names = [resource.address, resource.type, shortOf(resource)];
  return names.some((name) => name === pattern || (pattern.includes("*") && matchesGlob(pattern, name)));
}

const shortOf = ({ address }: Resource): string => address.slice(address.indexOf("/") + 1);

function suggestion(pattern: string, resources: readonly Resource[]): string {
  const names = [
    ...new Set(resources.flatMap((resource) => [resource.type, resource.address, shortOf(resource)])),
  ];
  const closest = closestName(pattern, names);
  return closest
    ? `Did you mean "${closest}"?`
    : `Write an address, a type (${listed([...new Set(resources.map(({ type }) => type))].sort())}) or a pattern with *.`;
}

const listed = (names: readonly string[]): string =>
  names.length === 0
    ? "none"
    : names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
