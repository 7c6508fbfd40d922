import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Address,
  type Diagnostic,
  HavnError,
  type Plan,
  type PlannedChange,
  type Resource,
  type ResourceGraph,
  withTimeout,
} from "@havn/model";
import {
  checkGraph,
  chooseScope,
  findLeftOut,
  nodesOf,
  orderNodes,
  planStages,
  planSummary,
  type ScopeRequest,
  sequenceChanges,
} from "@havn/plan";
import { findDefinition, schemaOf } from "../definitions.ts";
import type { InfrastructureOptions } from "../interfaces.ts";
import * as store from "../store.ts";
import { claimsOf } from "../things.ts";
import { decideChanges } from "./decide.ts";
import { findResumed } from "./resumed.ts";

const longestGateQuery = 10_000;

/** What is asked for: an environment as declared, or a part of it, or none of it. */
export type PlanRequest = (Part & { graph: ResourceGraph }) | { destroy: string };

interface Part extends ScopeRequest {
  /** Goes on with the environment's last apply, which failed: what it did with every run is not done again. */
  resume?: boolean | undefined;
}

/** Plans are stored and never changed: what is shown is what is applied. */
export interface Plans {
  /** Throws a HavnError (400) with all diagnostics for a graph that is not sound. Changes nothing but the store. */
  create(request: PlanRequest): Promise<Plan>;
  /** Throws a HavnError (404). */
  get(id: string): Promise<Plan>;
  /** Name of the environment that the plan destroys; undefined for any other plan. Throws a HavnError (404). */
  destroys(id: string): Promise<string | undefined>;
}

export function createPlans(options: InfrastructureOptions): Plans {
  const { sql, clock } = options;
  return {
    async create(request) {
      const graph =
        "destroy" in request
          ? emptyGraph(request.destroy)
          : await options.prepareSecrets(checked(request.graph));
      const recorded = await store.readRecorded(sql, graph.environment);
      if ("destroy" in request && recorded.resources.length === 0)
        throw new HavnError(`There is no environment "${graph.environment}"`, {
          detail: "Nothing was applied to it, or it was destroyed already.",
          status: 404,
        });
      await options.hostsSettled?.(graph.environment);
      const part: Part = "destroy" in request ? {} : request;
      const scope = chooseScope(graph.resources, recorded.resources, part);
      await checkGates(graph, options);
      const resumed = part.resume ? await findResumed(sql, graph.environment) : undefined;
      const decided = await decideChanges({ ...scope, recorded: recorded.resources, resumed }, options);
      const changes = inOrder(decided.changes, graph.resources, recorded.resources);
      const changed = new Set(changes.map(({ address }) => address));
      const prior = recorded.resources.filter(({ address }) => changed.has(address));
      const plan: Plan = {
        id: `plan-${randomUUID()}`,
        environment: graph.environment,
        createdAt: clock.now(),
        changes,
        summary: planSummary(changes),
        diagnostics: [
          ...warnings(scope.desired),
          ...decided.diagnostics,
          ...findLeftOut({
            ...{ desired: graph.resources, recorded: recorded.resources, scope, changes },
            triggersOf,
          }),
        ],
        ...batchesOf(changes, graph, prior),
        ...(resumed && { resumes: resumed.id }),
        ...countUnrecorded(changes, graph.resources, recorded.resources),
        missingArtifacts: await missingArtifacts(changes, { graph, recorded: recorded.resources }, options),
      };
      await store.insertPlan(sql, {
        plan,
        kind: "destroy" in request ? "destroy" : "apply",
        serial: recorded.serial,
        graph,
        prior,
      });
      return plan;
    },
    async get(id) {
      return (await getPlan(options, id)).plan;
    },
    async destroys(id) {
      const { kind, plan } = await getPlan(options, id);
      const { resources } = await store.readRecorded(sql, plan.environment);
      // A configuration, or a revert, that leaves nothing destroys too, whatever it is called.
      return kind === "destroy" || leavesNothing(resources, plan.changes) ? plan.environment : undefined;
    },
  };
}

/**
 * Whether nothing of what there is stays: all of it goes, or all that the rest stands on (hosts and machines). What is
 * declared anew beside is no part of the question: a configuration of something else does as much harm as an empty one.
 */
function leavesNothing(recorded: readonly Resource[], changes: readonly PlannedChange[]): boolean {
  const going = new Set(changes.flatMap(({ address, action }) => (action === "delete" ? [address] : [])));
  const isGoing = ({ address }: Resource) => going.has(address);
  const ground = recorded.filter(({ type }) => type === "host" || type === "machine");
  return recorded.length > 0 && (recorded.every(isGoing) || (ground.length > 0 && ground.every(isGoing)));
}

export async function getPlan(
  { sql }: Pick<InfrastructureOptions, "sql">,
  id: string,
): Promise<store.StoredPlan> {
  const stored = await store.findPlan(sql, id);
  if (!stored) throw new HavnError(`There is no plan ${id}`, { detail: "Plan again.", status: 404 });
  return stored;
}

const emptyGraph = (environment: string): ResourceGraph => ({ version: 1, environment, resources: [] });

function checked(graph: ResourceGraph): ResourceGraph {
  const result = checkGraph(graph, { schemaOf });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return result.graph;
  throw new HavnError(`The configuration of "${graph.environment}" has ${errors.length} mistake(s)`, {
    detail: "Nothing was planned. Correct them and plan again.",
    status: 400,
    diagnostics: result.diagnostics,
  });
}

const triggersOf = ({ type, properties }: Resource): Address[] =>
  (findDefinition(type)?.triggers?.(properties) ?? []).map(({ on }) => on);

/** Of what is as declared, and was not declared so before: an apply takes note of it. Nothing where there is none. */
function countUnrecorded(
  changes: readonly PlannedChange[],
  desired: readonly Resource[],
  recorded: readonly Resource[],
): Pick<Plan, "unrecorded"> {
  const kept = new Set(changes.flatMap(({ address, action }) => (action === "no-op" ? [address] : [])));
  const before = new Map(recorded.map((resource) => [resource.address, resource]));
  const unrecorded = desired.filter(
    (resource) => kept.has(resource.address) && !isSameDeclaration(resource, before.get(resource.address)),
  ).length;
  return unrecorded > 0 ? { unrecorded } : {};
}

/** Wherever it is written. */
function isSameDeclaration(one: Resource, other: Resource | undefined): boolean {
  // As it is stored: without what is undefined.
  const stored = ({ location: _location, ...rest }: Resource): unknown => JSON.parse(JSON.stringify(rest));
  return other !== undefined && isDeepStrictEqual(stored(one), stored(other));
}

/** Which hosts go together; nothing where all do. */
function batchesOf(
  changes: readonly PlannedChange[],
  { resources, rollouts = [] }: ResourceGraph,
  prior: readonly Resource[],
): Pick<Plan, "batches"> {
  const stages = planStages(nodesOf(changes, resources, { prior, claimsOf }), rollouts);
  const batches = stages.flatMap((stage) => stage.batches.map(({ hosts }) => hosts));
  return batches.length > 0 ? { batches } : {};
}

/** A gate that could never pass must not stop an apply halfway. */
async function checkGates(
  { environment, rollouts = [] }: ResourceGraph,
  { gates, clock }: InfrastructureOptions,
): Promise<void> {
  for (const { gate } of rollouts) {
    const { expr } = gate ?? {};
    if (expr !== undefined)
      await withTimeout((signal) => gates.query({ expr, environment, signal }), {
        clock,
        milliseconds: longestGateQuery,
      }).catch((error: unknown) => {
        if (error instanceof HavnError && error.status === 400) throw error;
      });
  }
}

export function inOrder(
  changes: readonly PlannedChange[],
  desired: Resource[],
  recorded: Resource[],
): PlannedChange[] {
  const { order, cycle } = orderNodes(sequenceChanges(desired, recorded, claimsOf));
  if (cycle)
    throw new HavnError("What is recorded depends on itself in a circle", {
      detail: cycle.join(" → "),
      status: 409,
    });
  const byAddress = new Map(changes.map((change) => [change.address, change]));
  return order.flatMap((address) => byAddress.get(address) ?? []);
}

/** What types have to say of what was declared: a command that runs with every apply, for example. */
const warnings = (resources: readonly Resource[]): Diagnostic[] =>
  resources.flatMap(({ type, address, properties, location }) =>
    (findDefinition(type)?.warnings?.(properties) ?? []).map((warning) => ({
      severity: "warning" as const,
      ...warning,
      address,
      ...(location && { at: location }),
    })),
  );

/**
 * Sources of services that are made, and of files: whether or not these are there already, since an agent that mends
 * what drifted fetches them again. What was declared before was uploaded then.
 */
export async function missingArtifacts(
  changes: readonly PlannedChange[],
  { graph, recorded }: { graph: ResourceGraph; recorded: readonly Resource[] },
  options: InfrastructureOptions,
): Promise<string[]> {
  const actions = new Map(changes.map(({ address, action }) => [address, action]));
  const before = new Map(recorded.map((resource) => [resource.address, resource]));
  const isNeeded = (resource: Resource): boolean => {
    const action = actions.get(resource.address);
    if (action === undefined || action === "delete") return false;
    if (action !== "no-op") return resource.type === "service" || resource.type === "file";
    return resource.type === "file" && !isSameDeclaration(resource, before.get(resource.address));
  };
  const digests = graph.resources
    .filter(isNeeded)
    .map(({ properties }) => (properties.source as { digest?: unknown } | undefined)?.digest)
    .filter((digest): digest is string => typeof digest === "string" && digest !== "");
  return digests.length === 0 ? [] : options.missingArtifacts([...new Set(digests)]);
}
