import type { Address, Resource } from "@havn/model";
import { formatAddress, parseAddress } from "@havn/model";
import type { Node } from "./order.ts";

/**
 * What must come before what when `prior` becomes `desired`: a declared resource comes after what it depends on and
 * after its host; one that is no longer declared goes only after everything that used it has gone or changed.
 * Declared ones stand first, in the order given. Holds a cycle only where `desired` or `prior` does.
 */
export function sequenceChanges(desired: readonly Resource[], prior: readonly Resource[]): Node[] {
  const declared = new Set(desired.map(({ address }) => address));
  const usersOf = new Map<Address, Address[]>();
  for (const resource of prior)
    for (const used of dependenciesOf(resource)) {
      const users = usersOf.get(used);
      if (users) users.push(resource.address);
      else usersOf.set(used, [resource.address]);
    }
  return [
    ...desired.map((resource) => ({ key: resource.address, after: dependenciesOf(resource) })),
    ...prior
      .filter(({ address }) => !declared.has(address))
      .map(({ address }) => ({ key: address, after: usersOf.get(address) ?? [] })),
  ];
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
