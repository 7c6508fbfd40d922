import type { Address, PlannedChange, Resource } from "@havn/model";
import { dependenciesOf } from "./sequence.ts";

/** What a plan stands on: it holds for as long as nobody else changes any of it. */
export interface Footprint {
  /** What it makes, changes or removes. */
  changes: ReadonlySet<Address>;
  /** Those of `changes` that it removes. */
  removes: ReadonlySet<Address>;
  /** What `changes` need, directly or not, without being changed. */
  reads: ReadonlySet<Address>;
}

/** Of a plan, with everything that is declared and what was recorded of what it changes. O(resources and edges). */
export function footprintOf(
  planned: readonly Pick<PlannedChange, "address" | "action">[],
  desired: readonly Resource[],
  prior: readonly Resource[],
): Footprint {
  const acting = planned.filter(({ action }) => action !== "no-op");
  const changes = new Set(acting.map(({ address }) => address));
  const removes = new Set(acting.filter(({ action }) => action === "delete").map(({ address }) => address));
  const known = new Map([...prior, ...desired].map((resource) => [resource.address, resource]));
  const reads = new Set<Address>();
  const seen = new Set(changes);
  const queue = [...changes];
  for (let address = queue.pop(); address !== undefined; address = queue.pop()) {
    const resource = known.get(address);
    for (const needed of resource ? dependenciesOf(resource) : []) {
      if (seen.has(needed)) continue;
      seen.add(needed);
      reads.add(needed);
      queue.push(needed);
    }
  }
  return { changes, removes, reads };
}

/** Something that was changed since a plan was made; without `resource` it has gone. */
export interface ChangedSince {
  address: Address;
  resource?: Resource | undefined;
}

/**
 * Why a plan does not hold any more: addresses that it changes or reads and that were changed since, and those that
 * need what it removes and that it does not know. Empty while it holds.
 */
export function findStale(
  { changes, reads, removes }: Footprint,
  changedSince: readonly ChangedSince[],
): Address[] {
  return changedSince
    .filter(
      ({ address, resource }) =>
        changes.has(address) ||
        reads.has(address) ||
        (resource !== undefined && dependenciesOf(resource).some((needed) => removes.has(needed))),
    )
    .map(({ address }) => address);
}

/** What is held by somebody else: to change it, or so that it stays as it is. */
export interface Held {
  address: Address;
  exclusive: boolean;
}

/** What a plan cannot have while others hold it: nobody changes what another one relies on. */
export const findShared = ({ changes, reads }: Footprint, held: readonly Held[]): Address[] =>
  held
    .filter(({ address, exclusive }) => changes.has(address) || (exclusive && reads.has(address)))
    .map(({ address }) => address);
