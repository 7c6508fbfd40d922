import { type Address, formatAddress, type Labels, type Resource } from "@havn/model";
import { missingLabel } from "../conditions/services.ts";

/** A firing alert as topology sees it. */
export interface Placed {
  fingerprint: string;
  labels: Labels;
  startsAt: number;
  /** Nobody is told of it, for another reason than what is decided here: it explains nothing to anybody. */
  quiet: boolean;
}

/** What stands on what: addresses that a resource cannot be well without. */
export interface Topology {
  /** All of them, however far; without itself. */
  above(address: Address): ReadonlySet<Address>;
  has(address: Address): boolean;
}

/**
 * From what is declared: a resource stands on what it depends on and on its host, a host on its machine. A service stands
 * on none of its hosts: it has several, or its own alert says which one.
 */
export function topologyOf(resources: readonly Resource[]): Topology {
  const parents = new Map(resources.map((one) => [one.address, parentsOf(one)]));
  const known = new Map<Address, Set<Address>>();
  const above = (address: Address): Set<Address> => {
    const before = known.get(address);
    if (before) return before;
    const found = new Set<Address>();
    // Kept before it is whole: a circle ends here.
    known.set(address, found);
    const open = [...(parents.get(address) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === address || found.has(next)) continue;
      found.add(next);
      open.push(...(parents.get(next) ?? []));
    }
    return found;
  };
  return { above, has: (address) => parents.has(address) };
}

function parentsOf({ address, type, host, dependsOn, properties }: Resource): Address[] {
  const [environment = ""] = address.split("/");
  const own = dependsOn.filter((one) => type !== "service" || !one.startsWith(`${environment}/host/`));
  const { via } = properties as { via?: { kind?: unknown; machine?: unknown } };
  return [
    ...own,
    ...(host === undefined ? [] : [formatAddress({ environment, type: "host", name: host })]),
    ...(type === "host" && via?.kind === "machine" && typeof via.machine === "string"
      ? [formatAddress({ environment, type: "machine", name: via.machine })]
      : []),
  ];
}

/** The resource that has failed while this fires; undefined where it says so of none. */
export function failsWith(labels: Labels): Address | undefined {
  const { env = "", alertname = "", severity, host = "", service = "", resource, about } = labels;
  if (alertname === "host lost" && host !== "")
    return formatAddress({ environment: env, type: "host", name: host });
  if (severity !== "critical") return undefined;
  if (about) return about;
  if (alertname === "service below wanted instances" && service !== "")
    return formatAddress({ environment: env, type: "service", name: service });
  return alertname === `check ${labels.check}` ? resource : undefined;
}

/** All that what an alert speaks of stands on, without itself. */
export function aboveOf({ above, has }: Topology, labels: Labels): Set<Address> {
  const { env = "", host = "", service = "", resource = "", alertname, about } = labels;
  const found = new Set<Address>();
  const add = (address: Address, itself: boolean) => {
    if (itself) found.add(address);
    for (const one of above(address)) found.add(one);
  };
  if (about && has(about)) add(about, false);
  if (resource !== "" && has(resource)) add(resource, false);
  if (service !== "") add(formatAddress({ environment: env, type: "service", name: service }), false);
  // What carries a host's name is on that host; a service that misses an instance there is, too.
  if (host !== "" && !about)
    add(formatAddress({ environment: env, type: "host", name: host }), alertname !== "host lost");
  const failing = failsWith(labels);
  if (failing) found.delete(failing);
  return found;
}

/**
 * For each alert that is not told because something that it stands on has failed: the fingerprints of the alerts that say
 * so, and are told. An alert that nobody hears of explains nothing, so whatever is held here has one that is told. Of
 * several that say of the same resource that it failed, the first is told.
 */
export function behindOf(topology: Topology, firing: readonly Placed[]): Map<string, string[]> {
  const heard = firing.filter(({ quiet }) => !quiet).toSorted(inOrder);
  const failures = new Map<Address, string>();
  const doubled = new Map<string, string>();
  for (const { fingerprint, labels } of heard) {
    const failed = failsWith(labels);
    if (failed === undefined) continue;
    const first = failures.get(failed);
    if (first === undefined) failures.set(failed, fingerprint);
    else doubled.set(fingerprint, first);
  }
  const behind = new Map<string, string[]>();
  for (const { fingerprint, labels } of heard) {
    const failed = [...aboveOf(topology, labels)].filter((address) => failures.has(address));
    // The ones furthest up are to blame.
    const roots = failed.filter((address) => !failed.some((other) => topology.above(address).has(other)));
    const blamed = roots
      .flatMap((address) => failures.get(address) ?? [])
      .filter((one) => one !== fingerprint);
    blamed.push(...missingBehind(labels, failures));
    const same = doubled.get(fingerprint);
    if (blamed.length > 0) behind.set(fingerprint, [...new Set(blamed)].sort());
    else if (same !== undefined) behind.set(fingerprint, [same]);
  }
  return withoutCircles(behind);
}

/** A service that misses instances on several hosts lies behind them where each of them has failed. */
function missingBehind(
  { env = "", [missingLabel]: missing }: Labels,
  failures: ReadonlyMap<Address, string>,
): string[] {
  if (missing === undefined) return [];
  const found = missing
    .split(",")
    .map((name) => failures.get(formatAddress({ environment: env, type: "host", name })));
  return found.every((one) => one !== undefined) ? found : [];
}

/** Where alerts only explain each other, all of them are told. */
function withoutCircles(behind: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const explained = new Map<string, string[]>();
  for (let before = -1; before < explained.size; ) {
    before = explained.size;
    for (const [fingerprint, blamed] of behind)
      if (blamed.some((one) => !behind.has(one) || explained.has(one)))
        explained.set(fingerprint, [...blamed]);
  }
  return explained;
}

const inOrder = (one: Placed, other: Placed) =>
  one.startsAt - other.startsAt || (one.fingerprint < other.fingerprint ? -1 : 1);
