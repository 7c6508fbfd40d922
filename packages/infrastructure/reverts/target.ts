import type { Address, Apply, Resource } from "@havn/model";

export interface RevertRequest {
  applyId: string;
  /** Names of hosts; only what is on them. */
  hosts?: string[] | undefined;
  /** Addresses, `type/name` or types; only these. */
  targets?: string[] | undefined;
  /** The same, and not these. */
  exclude?: string[] | undefined;
  /** The same: taken back although it has been changed since. */
  force?: string[] | undefined;
}

/** Whether an address is one that is named: by itself, without its environment, or by its type. */
export const isNamed = (address: Address, names: readonly string[]): boolean =>
  names.some(
    (name) =>
      name === address || name === address.slice(address.indexOf("/") + 1) || name === address.split("/")[1],
  );

/** What of an apply is to be taken back: all that it has begun, and what it recorded without changing a host. */
export function touchedBy(apply: Apply, recordedBy: readonly Address[]): Address[] {
  const begun = apply.steps
    .filter(({ state }) => state !== "skipped" && state !== "waiting")
    .map(({ address }) => address);
  return [...new Set([...begun, ...recordedBy])];
}

export function chosen(
  addresses: readonly Address[],
  { hosts, targets, exclude = [] }: RevertRequest,
  hostOf: (address: Address) => string | undefined,
): Address[] {
  return addresses.filter(
    (address) =>
      (!hosts || hosts.includes(hostOf(address) ?? "")) &&
      (!targets || isNamed(address, targets)) &&
      !isNamed(address, exclude),
  );
}

/** What is recorded once these addresses are again as they were before; their order as it was. */
export function restoredResources(
  recorded: readonly Resource[],
  before: ReadonlyMap<Address, Resource>,
  addresses: readonly Address[],
): Resource[] {
  const back = new Set(addresses);
  const known = new Set(recorded.map(({ address }) => address));
  return [
    ...recorded.flatMap((resource) => {
      if (!back.has(resource.address)) return [resource];
      return before.get(resource.address) ?? [];
    }),
    ...addresses.filter((address) => !known.has(address)).flatMap((address) => before.get(address) ?? []),
  ];
}

/** What stays and needs something that would go. */
export const findOrphans = (resources: readonly Resource[], gone: ReadonlySet<Address>) =>
  resources.flatMap(({ address, dependsOn }) => {
    const needed = dependsOn.filter((one) => gone.has(one));
    return needed.length > 0 ? [{ address, needed }] : [];
  });
