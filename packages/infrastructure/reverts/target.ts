import type { Address, Apply, Resource } from "@havn/model";
import { chooseScope, dependenciesOf, type ScopeRequest } from "@havn/plan";

/** Which part of an apply: hosts, targets and exclusions as for a plan. */
export interface RevertRequest extends Pick<ScopeRequest, "hosts" | "targets" | "exclude"> {
  applyId: string;
  /** As targets: taken back although it has been changed since. */
  force?: string[] | undefined;
}

/** What of an apply is to be taken back: all that it has begun, and what it recorded without changing a host. */
export function touchedBy(apply: Apply, recordedBy: readonly Address[]): Address[] {
  const begun = apply.steps
    .filter(({ state }) => state !== "skipped" && state !== "waiting")
    .map(({ address }) => address);
  return [...new Set([...begun, ...recordedBy])];
}

/**
 * Those of `touched` that a request means; all where it names nothing. `known`: what was declared then and before. Hosts
 * are chosen among all that are known. Throws a HavnError (400) for what meets nothing.
 */
export function chosen(
  touched: readonly Address[],
  request: RevertRequest,
  known: ReadonlyMap<Address, Resource>,
): Address[] {
  const own = touched.flatMap((address) => known.get(address) ?? []);
  const hosts = [...known.values()].filter(({ type }) => type === "host");
  const all = new Map([...hosts, ...own].map((resource) => [resource.address, resource]));
  const { desired } = chooseScope([...all.values()], [], request);
  const meant = new Set(desired.map(({ address }) => address));
  return touched.filter((address) => meant.has(address));
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
  resources.flatMap((resource) => {
    const needed = dependenciesOf(resource).filter((one) => gone.has(one));
    return needed.length > 0 ? [{ address: resource.address, needed }] : [];
  });
