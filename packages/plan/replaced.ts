import type { Address, Resource } from "@havn/model";
import type { Node } from "./order.ts";
import type { ClaimsOf } from "./sequence.ts";

/** Of each resource that is no longer declared: the declared ones that claim something of it, on the same host. */
export function findReplaced({
  desired,
  prior,
  claimsOf,
}: {
  desired: readonly Resource[];
  prior: readonly Resource[];
  claimsOf: ClaimsOf;
}): Map<Address, Address[]> {
  const declared = new Set(desired.map(({ address }) => address));
  const removed = prior.filter(({ address, host }) => host !== undefined && !declared.has(address));
  if (removed.length === 0) return new Map();
  const known = new Set(prior.map(({ address }) => address));
  const removedBy = new Map<string, Address[]>();
  const put = (key: string, address: Address) => {
    const list = removedBy.get(key);
    if (list) list.push(address);
    else removedBy.set(key, [address]);
  };
  const keysOf = (resource: Resource, withRoom: boolean): string[] => {
    const { things, makesRoom } = claimsOf(resource);
    const all = withRoom && makesRoom !== undefined ? [...things, `any ${makesRoom}`] : things;
    return all.map((thing) => `${resource.host} ${thing}`);
  };
  for (const resource of removed) for (const key of keysOf(resource, true)) put(key, resource.address);
  const replacedBy = new Map<Address, Set<Address>>();
  for (const resource of desired) {
    if (resource.host === undefined) continue;
    for (const key of keysOf(resource, !known.has(resource.address)))
      for (const old of removedBy.get(key) ?? [])
        replacedBy.set(old, (replacedBy.get(old) ?? new Set()).add(resource.address));
  }
  return new Map([...replacedBy].map(([old, claimers]) => [old, [...claimers]]));
}

/**
 * The same nodes, each of `replaced` before those that claim the same. Where it waits for a user that is declared and
 * comes after one of them, it waits for that user no longer. Brings no cycle: what would is left out.
 */
export function putBefore(
  nodes: readonly Node[],
  replaced: ReadonlyMap<Address, readonly Address[]>,
  declared: ReadonlySet<Address>,
): Node[] {
  if (replaced.size === 0) return [...nodes];
  const after = new Map(nodes.map(({ key, after: before }) => [key, [...before]]));
  for (const [old, claimers] of replaced) {
    const standsBefore = reach(old, after);
    for (const claimer of claimers.filter((one) => standsBefore.has(one)))
      for (const gone of [old, ...standsBefore].filter((key) => !declared.has(key)))
        after.set(
          gone,
          (after.get(gone) ?? []).filter(
            (user) => !declared.has(user) || (user !== claimer && !reach(user, after).has(claimer)),
          ),
        );
    const left = reach(old, after);
    for (const claimer of claimers) if (!left.has(claimer)) after.get(claimer)?.push(old);
  }
  return nodes.map(({ key }) => ({ key, after: after.get(key) ?? [] }));
}

/** Everything that `key` comes after, directly or not. */
function reach(key: string, after: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const queue = [...(after.get(key) ?? [])];
  for (let here = queue.pop(); here !== undefined; here = queue.pop()) {
    if (found.has(here)) continue;
    found.add(here);
    queue.push(...(after.get(here) ?? []));
  }
  return found;
}
