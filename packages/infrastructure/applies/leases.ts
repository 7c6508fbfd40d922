import { type Address, type Apply, HavnError } from "@havn/model";
import { type Footprint, findShared, findStale, footprintOf } from "@havn/plan";
import type { TransactionSql } from "@havn/postgres";
import * as store from "../store.ts";
import * as applyStore from "./store.ts";

/**
 * Leases: a running apply holds what it changes for itself, and what that needs so that nobody changes it meanwhile.
 * Applies that share nothing run side by side. A lease lasts as long as its apply runs, and that ends with its
 * workflow: see `takeUp` in applies.ts for owners that died.
 */

/** Another apply that holds something that a plan needs. */
export interface Holder {
  id: string;
  actor: string;
  kind: Apply["kind"];
  shared: Address[];
}

/** Who holds what the plan needs, the oldest first. */
export async function findHolders(
  db: store.Db,
  environment: string,
  footprint: Footprint,
): Promise<Holder[]> {
  const rows = await store.listLeases(db, environment, {
    changes: [...footprint.changes],
    reads: [...footprint.reads],
  });
  const holders = Map.groupBy(rows, ({ id }) => id);
  return [...holders.values()].flatMap((held) => {
    const [first] = held;
    const shared = findShared(footprint, held);
    return first && shared.length > 0 ? [{ id: first.id, actor: first.actor, kind: first.kind, shared }] : [];
  });
}

/**
 * Records the apply as running and takes what it needs, or throws a HavnError (409) that names who holds it, or what
 * was changed since the plan was made.
 */
export async function claim(
  db: TransactionSql,
  { stored, apply }: { stored: store.StoredPlan; apply: Apply },
): Promise<void> {
  const { environment } = apply;
  await store.ensureEnvironment(db, environment, stored.graph.owner);
  await store.lockEnvironment(db, environment);
  const footprint = footprintOf(stored.plan.changes, stored.graph.resources, stored.prior);
  const holders = await findHolders(db, environment, footprint);
  if (holders.length > 0) throw heldBy(holders);
  const stale = findStale(footprint, await store.listChangedSince(db, environment, stored.serial));
  if (stale.length > 0)
    throw new HavnError("This plan is out of date", {
      detail: `${listed(stale)} changed since it was made. Plan again.`,
      status: 409,
    });
  await applyStore.insertApply(db, apply);
  await store.insertLeases(db, apply.id, footprint);
}

function heldBy(holders: readonly Holder[]): HavnError {
  const [first] = holders;
  const others = holders.length > 1 ? ` So do ${holders.length - 1} other(s) with more of it.` : "";
  return new HavnError(`Apply ${first?.id} of ${first?.actor} is at work on what this plan needs`, {
    detail:
      `Both need ${listed(first?.shared ?? [])}.${others} ` +
      "Wait for its end and plan again (`havn apply --wait` does both), or leave that out (--exclude).",
    status: 409,
    diagnostics: holders.map(({ id, actor, kind, shared }) => ({
      severity: "error" as const,
      summary: `${kind} ${id} of ${actor} runs`,
      detail: `It shares ${listed(shared)} with this plan.`,
    })),
  });
}

/** The first three by name, the rest by number. */
function listed(addresses: readonly Address[]): string {
  const shown = addresses.slice(0, 3).join(", ");
  return addresses.length > 3 ? `${shown} and ${addresses.length - 3} more` : shown;
}
