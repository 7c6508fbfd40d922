import { type Address, formatAddress, type Labels, type Resource } from "@havn/model";
import { missingLabel } from "../conditions/services.ts";

/** A firing alert as topology sees it. */
export interface Placed {
  fingerprint: string;
  labels: Labels;
  startsAt: number;
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
 * Says of an alert which others are told instead of it: those that tell of a failure of what it stands on. An alert that
 * nobody hears of for another reason (`isQuiet`) explains nothing, so whatever is held here has one that is told. Of several
 * that say of the same resource that it failed, the first is told.
 *
 * Only alerts that tell of failures are looked at beforehand; of all others, each when it is asked for.
 */
export function behindOf<Alert extends Placed>(
  topology: Topology,
  firing: readonly Alert[],
  isQuiet: (alert: Alert) => boolean,
): (alert: Alert) => Alert[] {
  const failing = firing
    .flatMap((alert) => {
      const failed = failsWith(alert.labels);
      return failed === undefined || isQuiet(alert) ? [] : [{ alert, failed }];
    })
    .sort((one, other) => inOrder(one.alert, other.alert));
  if (failing.length === 0) return () => [];
  const failures = new Map<Address, Alert>();
  const doubled = new Map<string, Alert>();
  for (const { alert, failed } of failing) {
    const first = failures.get(failed);
    if (first === undefined) failures.set(failed, alert);
    else doubled.set(alert.fingerprint, first);
  }
  const blamedFor = ({ fingerprint, labels }: Alert): Alert[] => {
    const failed = [...aboveOf(topology, labels)].filter((address) => failures.has(address));
    // The ones furthest up are to blame.
    const roots = failed.filter((address) => !failed.some((other) => topology.above(address).has(other)));
    const blamed = roots
      .flatMap((address) => failures.get(address) ?? [])
      .filter((one) => one.fingerprint !== fingerprint);
    blamed.push(...missingBehind(labels, failures));
    const same = doubled.get(fingerprint);
    if (blamed.length > 0)
      return [...new Set(blamed)].sort((one, other) => (one.fingerprint < other.fingerprint ? -1 : 1));
    return same === undefined ? [] : [same];
  };
  const behind = new Map(
    failing.flatMap(({ alert }) => {
      const blamed = blamedFor(alert);
      return blamed.length > 0 ? [[alert.fingerprint, blamed] as const] : [];
    }),
  );
  const isExplained = withoutCircles(behind);
  return (alert) => {
    if (isQuiet(alert)) return [];
    const blamed = behind.get(alert.fingerprint) ?? blamedFor(alert);
    return isExplained(blamed) ? blamed : [];
  };
}

/** A service that misses instances on several hosts lies behind them where each of them has failed. */
function missingBehind<Alert>(
  { env = "", [missingLabel]: missing }: Labels,
  failures: ReadonlyMap<Address, Alert>,
): Alert[] {
  if (missing === undefined) return [];
  const found = missing
    .split(",")
    .map((name) => failures.get(formatAddress({ environment: env, type: "host", name })));
  return found.every((one) => one !== undefined) ? found : [];
}

/** Says whether one of these explains something. Where alerts only explain each other, none does: all of them are told. */
function withoutCircles(
  behind: ReadonlyMap<string, readonly Placed[]>,
): (blamed: readonly Placed[]) => boolean {
  const explained = new Set<string>();
  const explains = ({ fingerprint }: Placed) => !behind.has(fingerprint) || explained.has(fingerprint);
  for (let before = -1; before < explained.size; ) {
    before = explained.size;
    for (const [fingerprint, blamed] of behind) if (blamed.some(explains)) explained.add(fingerprint);
  }
  return (blamed) => blamed.some(explains);
}

const inOrder = (one: Placed, other: Placed) =>
  one.startsAt - other.startsAt || (one.fingerprint < other.fingerprint ? -1 : 1);
