import { randomUUID } from "node:crypto";
import type { UndoReading } from "@havn/fleet/protocol";
import {
  type Address,
  type Apply,
  type Diagnostic,
  HavnError,
  type Plan,
  type PlannedChange,
  type Resource,
} from "@havn/model";
import { hostAddressOf, matchingAny, planSummary, sameValue } from "@havn/plan";
import * as applyStore from "../applies/store.ts";
import type { InfrastructureOptions } from "../interfaces.ts";
import { decideChanges } from "../planning/decide.ts";
import { getPlan, inOrder, missingArtifacts } from "../planning/plans.ts";
import * as store from "../store.ts";
import { readUndo, type UndoReadings } from "./read-undo.ts";
import { listChangedByApply, listKinds, listLastChanges } from "./store.ts";
import { chosen, findOrphans, type RevertRequest, restoredResources, touchedBy } from "./target.ts";

export type { RevertRequest } from "./target.ts";

export interface Reverts {
  /**
   * Plans to take back what an apply did. What was changed since is an error in the plan's diagnostics, and such a plan
   * cannot be applied; `force` names what is taken back all the same. Throws a HavnError: 404 without such an apply, 409
   * while it runs.
   */
  plan(request: RevertRequest): Promise<Plan>;
}

/** What is known about one revert before it is decided what to do about each resource. */
interface Scope {
  apply: Apply;
  /** Taken back although they have been changed since. */
  forced: ReadonlySet<Address>;
  /** As it was before the apply. */
  before: ReadonlyMap<Address, Resource>;
  recorded: ReadonlyMap<Address, Resource>;
  addresses: Address[];
  /** As recorded once it is taken back. */
  resources: Resource[];
}

export function createReverts(options: InfrastructureOptions): Reverts {
  const { sql, clock } = options;
  return {
    async plan(request) {
      const apply = await applyStore.findApply(sql, request.applyId);
      if (!apply)
        throw new HavnError(`There is no apply ${request.applyId}`, {
          detail: "`havn applies` lists those of the last 90 days.",
          status: 404,
        });
      if (apply.state === "running")
        throw new HavnError(`${apply.id} is still running`, { detail: "Wait for its end.", status: 409 });
      const stored = await getPlan(options, apply.planId ?? "");
      const recorded = await store.readRecorded(sql, apply.environment);
      await options.hostsSettled?.(apply.environment);
      const scope = await scopeOf(request, { apply, stored, recorded: recorded.resources }, options);
      const decided = await decide(scope, stored, options);
      const graph = { ...stored.graph, resources: scope.resources };
      const changed = new Set(decided.changes.map(({ address }) => address));
      const prior = recorded.resources.filter(({ address }) => changed.has(address));
      // What stays and needs something that would go has no order: that is told as a conflict. Forced, it is left alone.
      const isRefused = decided.diagnostics.some(({ severity }) => severity === "error");
      const changes = isRefused ? decided.changes : inOrder(decided.changes, scope.resources, prior);
      const plan: Plan = {
        ...{ id: `plan-${randomUUID()}`, environment: apply.environment, createdAt: clock.now(), changes },
        summary: planSummary(changes),
        diagnostics: decided.diagnostics,
        // What hosts have in their records they do not fetch.
        missingArtifacts: await missingArtifacts(
          changes.filter(({ address }) => !decided.undo.includes(address)),
          { graph, recorded: recorded.resources },
          options,
        ),
      };
      await store.insertPlan(sql, {
        ...{ plan, kind: "revert" as const, serial: recorded.serial, graph, prior },
        revert: { applyId: apply.id, undo: decided.undo },
      });
      return plan;
    },
  };
}

async function scopeOf(
  request: RevertRequest,
  { apply, stored, recorded }: { apply: Apply; stored: store.StoredPlan; recorded: Resource[] },
  { sql }: InfrastructureOptions,
): Promise<Scope> {
  const before = new Map(stored.prior.map((resource) => [resource.address, resource]));
  const now = new Map(recorded.map((resource) => [resource.address, resource]));
  const declared = new Map(stored.graph.resources.map((resource) => [resource.address, resource]));
  const known = new Map([...now, ...before, ...declared]);
  const touched = touchedBy(apply, await listChangedByApply(sql, apply.id));
  const addresses = chosen(touched, request, known);
  if (addresses.length === 0)
    throw new HavnError(`There is nothing of ${apply.id} to take back`, {
      detail: touched.length === 0 ? "It changed nothing." : "Nothing that it changed is chosen.",
      status: 400,
    });
  const resources = restoredResources(recorded, before, addresses);
  const isForced = matchingAny([...known.values()], request.force ?? []);
  const forced = new Set([...known.values()].filter(isForced).map(({ address }) => address));
  return { apply, forced, before, recorded: now, addresses, resources };
}

interface Decided {
  changes: PlannedChange[];
  diagnostics: Diagnostic[];
  /** What hosts take back from what they recorded; all else is made as it was declared before. */
  undo: Address[];
}

async function decide(
  scope: Scope,
  stored: store.StoredPlan,
  options: InfrastructureOptions,
): Promise<Decided> {
  const { addresses, before, recorded } = scope;
  const declared = new Map(stored.graph.resources.map((resource) => [resource.address, resource]));
  const known = addresses.flatMap((address) => declared.get(address) ?? before.get(address) ?? []);
  const hosts = new Set(
    [...recorded.values()].filter(({ type }) => type === "host").map(({ address }) => address),
  );
  // A host that has gone since knows nothing: what was on it is made anew, as it was declared.
  const onHosts = known.filter((resource) => hosts.has(hostAddressOf(resource) ?? ""));
  const secretsOf = [...before.values(), ...recorded.values(), ...declared.values()];
  const readings = await readUndo(scope.apply.id, { resources: onHosts, secretsOf }, options);
  const undone = onHosts.filter((resource) => isUndone(resource, scope.apply, readings));
  const undo = new Set(undone.map(({ address }) => address));
  const rest = await decideRest(scope, undo, options);
  const changes = [...undone.map((resource) => changeOf(resource, scope, readings)), ...rest.changes];
  const conflicts = await findConflicts(scope, readings, options);
  return {
    changes,
    undo: [...undo],
    diagnostics: [...readings.diagnostics, ...rest.diagnostics, ...remaining(readings), ...conflicts],
  };
}

/** Whether its host takes it back from its records: they are there, may be, or nothing was done. */
function isUndone(resource: Resource, apply: Apply, { of, away }: UndoReadings): boolean {
  if (away.has(hostAddressOf(resource) ?? "")) return true;
  if (of.get(resource.address)?.recorded) return true;
  const step = apply.steps.find(({ address }) => address === resource.address);
  return step?.state !== "done";
}

function changeOf(
  resource: Resource,
  { before, recorded }: Scope,
  { of, away }: UndoReadings,
): PlannedChange {
  const { address, type, host } = resource;
  const [was, is] = [before.get(address), recorded.get(address)];
  const reading = of.get(address);
  const isAway = away.has(hostAddressOf(resource) ?? "");
  const same = sameValue(was, is) && (reading?.changes.length ?? 0) === 0 && !isAway;
  const reason = isAway ? `${host} is not connected` : reasonOf(reading);
  return {
    ...{ address, type },
    ...(host !== undefined && { host }),
    action: same ? "no-op" : !was && is ? "delete" : was && !is ? "create" : "update",
    changes: reading?.changes ?? [],
    ...(reason !== undefined && { reason }),
    certainty: isAway ? "unknowable" : "exact",
  };
}

const reasonOf = (reading: UndoReading | undefined): string | undefined =>
  reading && reading.remains.length > 0 ? `cannot be undone: ${reading.remains.join("; ")}` : undefined;

/** What the control plane makes real, and what hosts know nothing of: as it was declared before. */
async function decideRest(scope: Scope, undo: ReadonlySet<Address>, options: InfrastructureOptions) {
  const { addresses, before, recorded, resources } = scope;
  const wanted = new Set(addresses.filter((address) => !undo.has(address)));
  const declared = new Set(resources.map(({ address }) => address));
  return decideChanges(
    {
      desired: resources.filter(({ address }) => wanted.has(address) && before.has(address)),
      recorded: [...recorded.values()],
      removed: [...recorded.values()].filter(({ address }) => wanted.has(address) && !declared.has(address)),
    },
    options,
  );
}

/** What cannot be taken back, said beforehand. */
const remaining = ({ of }: UndoReadings): Diagnostic[] =>
  [...of.values()]
    .filter(({ remains }) => remains.length > 0)
    .map(({ address, remains }) => ({
      severity: "warning",
      summary: `${address} cannot be undone in full`,
      detail: `${remains.map((one) => one.charAt(0).toUpperCase() + one.slice(1)).join(". ")}.`,
      address,
    }));

async function findConflicts(
  scope: Scope,
  { of }: UndoReadings,
  { sql }: InfrastructureOptions,
): Promise<Diagnostic[]> {
  const { apply, forced, addresses, recorded, resources } = scope;
  const conflict = (address: Address, why: string): Diagnostic[] =>
    forced.has(address)
      ? []
      : [
          {
            severity: "error",
            summary: `${address} has been changed since`,
            detail: `${why} Take it back all the same with --force ${address}, or leave it out with --exclude ${address}.`,
            address,
          },
        ];
  const later = (await listLastChanges(sql, addresses)).filter(
    ({ applyId, at }) => applyId !== apply.id && at > apply.startedAt,
  );
  const kinds = new Map(
    (
      await listKinds(
        sql,
        later.map(({ applyId }) => applyId),
      )
    ).map((one) => [one.id, one]),
  );
  const back = new Set(resources.map(({ address }) => address));
  const gone = new Set([...recorded.keys()].filter((address) => !back.has(address)));
  return [
    ...later.flatMap(({ address, applyId }) => {
      const by = kinds.get(applyId);
      return conflict(
        address,
        `${by ? `The ${by.kind} of ${by.actor}` : "Another apply"} (${applyId}) changed it.`,
      );
    }),
    ...[...of.values()].flatMap(({ address, conflicts }) =>
      conflicts.length > 0 ? conflict(address, `On its host: ${conflicts.join(", ")}.`) : [],
    ),
    ...findOrphans(resources, gone).flatMap(({ address, needed }) =>
      needed.flatMap((one) => conflict(one, `${address} needs it by now.`)),
    ),
  ];
}
