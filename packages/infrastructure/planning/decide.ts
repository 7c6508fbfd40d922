import {
  type Action,
  type Address,
  type Certainty,
  type Diagnostic,
  findReferences,
  formatAddress,
  type PlannedChange,
  parseAddress,
  type Resource,
} from "@havn/model";
import { diffProperties, findSecretPaths, hostAddressOf, orderNodes, sequenceChanges } from "@havn/plan";
import { findDefinition } from "../definitions.ts";
import type { ExecutorPlan, InfrastructureOptions } from "../interfaces.ts";
import { claimsOf } from "../things.ts";
import { readHosts } from "./read-hosts.ts";
import { type Resumed, wasDone } from "./resumed.ts";
import { addTriggered } from "./triggered.ts";

export interface Scope {
  desired: readonly Resource[];
  /** All that is recorded of the environment. */
  recorded: readonly Resource[];
  /** Recorded, and to be deleted. */
  removed: readonly Resource[];
  /** The failed apply that is gone on with. */
  resumed?: Resumed | undefined;
}

export interface Decided {
  changes: PlannedChange[];
  diagnostics: Diagnostic[];
}

type Decision = Omit<ExecutorPlan, "reason"> & {
  reason?: string | undefined;
  certainty?: Certainty | undefined;
  skipped?: string | undefined;
};

/**
 * What is to be done about each resource: the control plane's types by their executors, those on hosts by what their
 * agents read now, all at the same time. What cannot be read yet is compared with what was applied last.
 */
export async function decideChanges(scope: Scope, options: InfrastructureOptions): Promise<Decided> {
  const prior = new Map(scope.recorded.map((resource) => [resource.address, resource]));
  const diagnostics: Diagnostic[] = [];
  const known = new Set(scope.recorded.filter(({ type }) => type === "host").map(({ address }) => address));
  const isReadable = (resource: Resource): boolean => {
    const host = hostAddressOf(resource);
    return (
      host !== undefined && options.hostConnected(host) && unknownHost(resource, known, options) === undefined
    );
  };
  const onHosts = scope.desired.filter(({ host }) => host !== undefined);
  const [ofControlPlane, readings] = await Promise.all([
    planByExecutors(scope, prior, options),
    readHosts(inOrder(onHosts.filter(isReadable), scope), options),
  ]);
  diagnostics.push(...readings.diagnostics);
  for (const { address, location } of scope.desired)
    for (const warning of ofControlPlane.get(address)?.warnings ?? [])
      diagnostics.push({ severity: "warning", ...warning, address, ...(location && { at: location }) });
  const desired = new Map(scope.desired.map((resource) => [resource.address, resource]));
  const remade = (resource: Resource) => isRemade(resource, ofControlPlane, desired);
  const decide = (resource: Resource): Decision => {
    const byExecutor = ofControlPlane.get(resource.address);
    if (byExecutor) return byExecutor;
    const reason = remade(resource);
    const before = prior.get(resource.address);
    if (reason) return { ...compare(resource, undefined), reason };
    const reading = readings.of.get(resource.address);
    if (reading?.everyTime && scope.resumed && wasDone(scope.resumed, resource, before))
      return {
        action: "no-op",
        changes: [],
        certainty: reading.certainty,
        reason: `done in ${scope.resumed.id}`,
      };
    if (reading) return reading;
    const away = unknownHost(resource, known, options);
    const compared = compare(resource, before);
    if (away) return { ...compared, reason: `the address of ${away} is not known yet` };
    if (compared.action !== "no-op") return { ...compared, reason: `${resource.host} is not connected` };
    return compared;
  };
  const changes = scope.desired.map((resource) =>
    toChange(resource, withEnforcement(decide(resource), resource, prior.get(resource.address))),
  );
  for (const host of hostsAway(onHosts, known, options))
    diagnostics.push({
      severity: "warning",
      summary: `${parseAddress(host).name} is not connected`,
      detail: "What is on it was compared with what was applied last. Look at the host, then plan again.",
      address: host,
    });
  const removals = scope.removed.map((resource) =>
    toChange(resource, { changes: [], ...ofControlPlane.get(resource.address), action: "delete" }),
  );
  return { changes: [...addTriggered(changes, scope.desired), ...removals], diagnostics };
}

/** How drift of it is dealt with is the agent's own affair: nothing on the host differs, and yet it must be told. */
function withEnforcement(decision: Decision, desired: Resource, prior: Resource | undefined): Decision {
  if (!prior || prior.enforcement === desired.enforcement) return decision;
  const of = ({ enforcement }: Resource) => enforcement ?? "as its host";
  const change = { property: "enforcement", before: of(prior), after: of(desired) };
  return {
    ...decision,
    action: decision.action === "no-op" ? "update" : decision.action,
    changes: [...decision.changes, change],
  };
}

/** As an apply takes them: what comes later is planned with what comes first. A cycle is told of elsewhere. */
function inOrder(resources: readonly Resource[], { recorded, removed }: Scope) {
  const hosts = new Set(resources.map(({ host }) => host));
  const remove = removed.filter(({ host }) => host !== undefined && hosts.has(host));
  const going = new Set(remove.map(({ address }) => address));
  const declared = new Set(resources.map(({ address }) => address));
  const prior = recorded.filter(({ address }) => going.has(address) || declared.has(address));
  const { order, cycle } = orderNodes(sequenceChanges(resources, prior, claimsOf));
  if (cycle) return { resources, remove: [], order: [] };
  const byAddress = new Map([...remove, ...resources].map((resource) => [resource.address, resource]));
  const sorted = order.flatMap((address) => byAddress.get(address) ?? []);
  return {
    resources: sorted.filter(({ address }) => !going.has(address)),
    remove: sorted.filter(({ address }) => going.has(address)),
    order,
  };
}

async function planByExecutors(
  scope: Scope,
  prior: ReadonlyMap<Address, Resource>,
  options: InfrastructureOptions,
): Promise<Map<Address, Decision>> {
  const executors = new Map(
    options.executors().flatMap((executor) => executor.types.map((type) => [type, executor])),
  );
  const decisions = new Map<Address, Decision>();
  const ask = async (resource: Resource, desired: Resource | undefined) => {
    const executor = executors.get(resource.type);
    if (!executor || resource.host !== undefined) return;
    decisions.set(resource.address, await executor.plan(desired, prior.get(resource.address)));
  };
  await Promise.all([
    ...scope.desired.map((resource) => ask(resource, resource)),
    ...scope.removed.map((resource) => ask(resource, undefined)),
  ]);
  for (const resource of scope.desired)
    if (resource.host === undefined && !decisions.has(resource.address))
      throw new TypeError(`no executor takes resources of type "${resource.type}"`);
  return decisions;
}

/** Why everything on the resource's host is to be made: the host, or the machine that it is, is not there or made anew. */
function isRemade(
  resource: Resource,
  decisions: ReadonlyMap<Address, Decision>,
  desired: ReadonlyMap<Address, Resource>,
): string | undefined {
  const host = hostAddressOf(resource);
  if (host === undefined) return undefined;
  const action = (address: Address): Action | undefined => decisions.get(address)?.action;
  if (action(host) === "create") return "host does not exist yet";
  const via = desired.get(host)?.properties.via as { machine?: string } | undefined;
  const machine =
    via?.machine && formatAddress({ ...parseAddress(host), type: "machine", name: via.machine });
  const made = machine && action(machine);
  return made === "create" || made === "replace" ? "its machine is made anew" : undefined;
}

/** Name of a host that the resource speaks of and whose address nobody can know yet. */
function unknownHost(
  resource: Resource,
  known: ReadonlySet<Address>,
  { hostConnected }: InfrastructureOptions,
): string | undefined {
  const { environment } = parseAddress(resource.address);
  for (const reference of findReferences(resource.properties)) {
    if (!("$host" in reference)) continue;
    const host = formatAddress({ environment, type: "host", name: reference.$host });
    if (!known.has(host) && !hostConnected(host)) return reference.$host;
  }
  return undefined;
}

function hostsAway(
  resources: readonly Resource[],
  known: ReadonlySet<Address>,
  { hostConnected }: InfrastructureOptions,
): Address[] {
  const hosts = new Set(resources.flatMap((resource) => hostAddressOf(resource) ?? []));
  return [...hosts].filter((host) => known.has(host) && !hostConnected(host));
}

/** Against what was applied last: all that is known without the host. */
function compare(resource: Resource, prior: Resource | undefined): Decision {
  const definition = findDefinition(resource.type);
  const secrets = [...findSecretPaths(resource.properties), ...(definition?.secrets ?? [])];
  const changes = diffProperties(prior?.properties, resource.properties, secrets);
  if (!prior) return { action: "create", changes };
  return { action: changes.length > 0 ? "update" : "no-op", changes };
}

function toChange(
  { address, type, host }: Resource,
  { action, changes, reason, certainty, skipped }: Decision,
): PlannedChange {
  return {
    address,
    type,
    ...(host !== undefined && { host }),
    action,
    changes,
    ...(reason !== undefined && { reason }),
    ...(skipped !== undefined && { skipped }),
    // Nobody looked at a host that is away or not there yet.
    ...(host !== undefined && { certainty: certainty ?? "unknowable" }),
  };
}
