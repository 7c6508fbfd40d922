import type { Address, Resource } from "@havn/model";
import { formatAddress, parseAddress } from "@havn/model";
import type { Node } from "./order.ts";
import { findReplaced, putBefore } from "./replaced.ts";

/** What a resource is about on its host: names that are equal for two resources of one thing. */
export type ClaimsOf = (resource: Resource) => {
  things: readonly string[];
  /** A kind of thing of which old ones go before new ones come: what they share (a port) stands in no name. */
  makesRoom?: string;
};

/**
 * What must come before what when `prior` becomes `desired`: a declared resource comes after what it depends on and
 * after its host; one that is no longer declared goes only after everything that used it has gone or changed. One that
 * claims the same thing as a declared one goes before that is made, and then does not wait for users that have changed
 * to the new one. Declared ones stand first, in the order given. Holds a cycle only where `desired` or `prior` does.
 */
export function sequenceChanges(
  desired: readonly Resource[],
  prior: readonly Resource[],
  claimsOf: ClaimsOf = () => ({ things: [] }),
): Node[] {
  const declared = new Set(desired.map(({ address }) => address));
  const usersOf = new Map<Address, Address[]>();
  for (const resource of prior)
    for (const used of dependenciesOf(resource)) {
      const users = usersOf.get(used);
      if (users) users.push(resource.address);
      else usersOf.set(used, [resource.address]);
    }
  const nodes: Node[] = [
    ...desired.map((resource) => ({ key: resource.address, after: dependenciesOf(resource) })),
    ...prior
      .filter(({ address }) => !declared.has(address))
      .map(({ address }) => ({ key: address, after: usersOf.get(address) ?? [] })),
  ];
  return putBefore(nodes, findReplaced({ desired, prior, claimsOf }), declared);
}

/** What it says it depends on, and the host that it lives on. */
export function dependenciesOf(resource: Resource): Address[] {
  const host = hostAddressOf(resource);
  return host === undefined || resource.dependsOn.includes(host)
    ? resource.dependsOn
    : [...resource.dependsOn, host];
}

/** Address of the host that it lives on: `shop/host/web-1`; undefined for what the control plane makes real. */
export function hostAddressOf({ address, host }: Pick<Resource, "address" | "host">): Address | undefined {
  return host === undefined
    ? undefined
    : formatAddress({ environment: parseAddress(address).environment, type: "host", name: host });
}
