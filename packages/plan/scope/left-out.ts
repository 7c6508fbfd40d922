import type { Address, Diagnostic, PlannedChange, Resource } from "@havn/model";
import { sameValue } from "../changes.ts";
import { dependenciesOf } from "../sequence.ts";
import type { Scope } from "./scope.ts";

export interface LeftOutOptions {
  /** Everything that is declared. */
  desired: readonly Resource[];
  recorded: readonly Resource[];
  scope: Scope;
  changes: readonly Pick<PlannedChange, "address" | "action">[];
  /** Whose change makes a resource act: restart, reload or run. */
  triggersOf(resource: Resource): readonly Address[];
}

/**
 * What a plan of a part leaves inconsistent, as warnings: things that it needs and that were never applied, or whose
 * changes are left out; things that need what it changes or removes, with changes of their own; handlers that would have
 * run. Empty for a plan of everything. O(resources and edges).
 */
export function findLeftOut(options: LeftOutOptions): Diagnostic[] {
  const { desired, recorded, scope, changes } = options;
  const planned = new Set(scope.desired.map(({ address }) => address));
  const left = desired.filter(({ address }) => !planned.has(address));
  const changing = new Set(changes.filter(({ action }) => action !== "no-op").map(({ address }) => address));
  const known = new Map(recorded.map((resource) => [resource.address, resource]));
  const differs = (resource: Resource) =>
    !sameValue(known.get(resource.address)?.properties, resource.properties);
  const users = findUsers(desired, scope.desired);
  const neededBy = (address: Address, among: (user: Address) => boolean) =>
    [...(users.get(address) ?? [])].filter(among);
  return [
    ...left.flatMap((resource) => {
      const { address } = resource;
      if (!known.has(address))
        return about(
          resource,
          neededBy(address, () => true),
          {
            summary: `${address} is left out and was never applied`,
            detail: (names) => `${names} needs it. Plan the whole environment first.`,
          },
        );
      if (!differs(resource)) return [];
      return about(
        resource,
        neededBy(address, (user) => changing.has(user)),
        {
          summary: `${address} is left out with changes of its own`,
          detail: (names) => `${names} needs it, and is applied without them. Apply the rest too.`,
        },
      );
    }),
    ...left.filter(differs).flatMap((resource) =>
      about(
        resource,
        dependenciesOf(resource).filter((one) => changing.has(one)),
        {
          summary: `${resource.address} is left out with changes of its own`,
          detail: (names) => `It needs ${names}, which changes. It stays as it is until it is applied too.`,
        },
      ),
    ),
    ...left.flatMap((resource) =>
      about(
        resource,
        options.triggersOf(resource).filter((one) => changing.has(one)),
        {
          summary: `${resource.address} is left out and does not run`,
          detail: (names) =>
            `It acts when ${names} changes. That stays due: the next apply that includes it does it.`,
        },
      ),
    ),
    ...stillNeeded(recorded, scope),
  ];
}

/** What stays, and was recorded as needing something that the plan removes. */
function stillNeeded(recorded: readonly Resource[], { desired, removed }: Scope): Diagnostic[] {
  const going = new Set(removed.map(({ address }) => address));
  const planned = new Set(desired.map(({ address }) => address));
  return recorded
    .filter(({ address }) => !going.has(address) && !planned.has(address))
    .flatMap((resource) =>
      about(
        resource,
        dependenciesOf(resource).filter((one) => going.has(one)),
        {
          summary: `${resource.address} needs something that is removed`,
          detail: (names) => `It is left out, and was applied with ${names}. Apply the rest too.`,
        },
      ),
    );
}

/** For each resource that is not planned: the planned ones that need it, directly or through others that are not. */
function findUsers(desired: readonly Resource[], planned: readonly Resource[]): Map<Address, Set<Address>> {
  const inside = new Set(planned.map(({ address }) => address));
  const byAddress = new Map(desired.map((resource) => [resource.address, resource]));
  const users = new Map<Address, Set<Address>>();
  for (const resource of planned) {
    const waiting = [...dependenciesOf(resource)];
    const seen = new Set<Address>();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (inside.has(next) || seen.has(next)) continue;
      seen.add(next);
      users.set(next, (users.get(next) ?? new Set()).add(resource.address));
      const needed = byAddress.get(next);
      if (needed) waiting.push(...dependenciesOf(needed));
    }
  }
  return users;
}

function about(
  { address, location }: Resource,
  others: readonly Address[],
  { summary, detail }: { summary: string; detail(names: string): string },
): Diagnostic[] {
  if (others.length === 0) return [];
  const names = others.slice(0, 3).join(", ") + (others.length > 3 ? ` and ${others.length - 3} more` : "");
  return [
    { severity: "warning", summary, detail: detail(names), address, ...(location && { at: location }) },
  ];
}
