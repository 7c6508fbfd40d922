import { randomUUID } from "node:crypto";
import {
  type Address,
  type Diagnostic,
  HavnError,
  type Plan,
  type PlannedChange,
  type Resource,
  type ResourceGraph,
} from "@havn/model";
import { checkGraph, findDependants, orderNodes, planSummary, sequenceChanges } from "@havn/plan";
import { findDefinition, schemaOf } from "../definitions.ts";
import type { InfrastructureOptions } from "../interfaces.ts";
import * as store from "../store.ts";
import { decideChanges } from "./decide.ts";

/** What is asked for: an environment as declared (or the part `only` of it, by addresses or types), or none of it. */
export type PlanRequest = { graph: ResourceGraph; only?: string[] | undefined } | { destroy: string };

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
      const only = "only" in request ? request.only : undefined;
      const scope = scopeOf(graph.resources, recorded.resources, only);
      const decided = await decideChanges(scope, options);
      const changes = inOrder(decided.changes, graph.resources, recorded.resources);
      const plan: Plan = {
        id: `plan-${randomUUID()}`,
        environment: graph.environment,
        createdAt: clock.now(),
        changes,
        summary: planSummary(changes),
        diagnostics: [
          ...warnings(scope.desired),
          ...decided.diagnostics,
          ...leftOut(graph, recorded.resources, scope.desired),
        ],
        missingArtifacts: await missingArtifacts(changes, graph, options),
      };
      const changed = new Set(changes.map(({ address }) => address));
      await store.insertPlan(sql, {
        plan,
        kind: "destroy" in request ? "destroy" : "apply",
        serial: recorded.serial,
        graph,
        prior: recorded.resources.filter(({ address }) => changed.has(address)),
      });
      return plan;
    },
    async get(id) {
      return (await getPlan(options, id)).plan;
    },
    async destroys(id) {
      const { kind, plan } = await getPlan(options, id);
      return kind === "destroy" ? plan.environment : undefined;
    },
  };
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

/** With `only`, what is not named stays as it is: it is neither compared nor deleted. */
function scopeOf(desired: Resource[], recorded: Resource[], only: string[] | undefined) {
  const named = ({ address, type }: Resource) => !only || only.includes(address) || only.includes(type);
  const declared = new Set(desired.map(({ address }) => address));
  return {
    desired: desired.filter(named),
    recorded,
    removed: recorded.filter((resource) => !declared.has(resource.address) && named(resource)),
  };
}

export function inOrder(
  changes: readonly PlannedChange[],
  desired: Resource[],
  recorded: Resource[],
): PlannedChange[] {
  const { order, cycle } = orderNodes(sequenceChanges(desired, recorded));
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

/** Tells of resources that were left out although something that is planned needs them first. */
function leftOut(graph: ResourceGraph, recorded: Resource[], planned: Resource[]): Diagnostic[] {
  const known = new Set([...recorded, ...planned].map(({ address }) => address));
  const nodes = graph.resources.map(({ address, dependsOn }) => ({ key: address, after: dependsOn }));
  return graph.resources
    .filter(({ address }) => !known.has(address))
    .flatMap(({ address, location }): Diagnostic[] => {
      const users = planned.filter((resource) => findDependants(nodes, [address]).has(resource.address));
      if (users.length === 0) return [];
      const names = users.map((user) => user.address).join(", ");
      return [
        {
          severity: "warning",
          summary: `${address} is left out and was never applied`,
          detail: `${names} needs it. Plan the whole environment first.`,
          address,
          ...(location && { at: location }),
        },
      ];
    });
}

export async function missingArtifacts(
  changes: readonly PlannedChange[],
  graph: ResourceGraph,
  options: InfrastructureOptions,
): Promise<string[]> {
  const made = new Set<Address>(
    changes.filter(({ action }) => action !== "delete" && action !== "no-op").map(({ address }) => address),
  );
  const digests = graph.resources
    .filter(({ address, type }) => type === "service" && made.has(address))
    .map(({ properties }) => (properties.source as { digest?: unknown }).digest)
    .filter((digest): digest is string => typeof digest === "string" && digest !== "");
  return digests.length === 0 ? [] : options.missingArtifacts([...new Set(digests)]);
}
