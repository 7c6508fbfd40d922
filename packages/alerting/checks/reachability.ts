import type { CheckState } from "@havn/model";

/** What is known of a check whose state decides about others. */
export interface KnownCheck {
  /** Current state; undefined while there is no result. */
  state: CheckState | undefined;
  parents: readonly string[];
  dependencies: readonly { on: string; failWhen: readonly CheckState[] }[];
}

/** Why nobody is told of a check's trouble. Empty lists: it is told. Addresses of checks. */
export interface Suppression {
  /** Parents that fail: all ways there lead through them. */
  unreachable: string[];
  /** Dependencies in a state in which they hold this one back. */
  dependsOn: string[];
}

/**
 * As Nagios decides it. A check lies behind its parents: while one of them is OK there is a way, when all fail it is
 * unreachable, and the ones furthest up that fail are to blame. A dependency holds back by its state, those of the
 * dependency included. A check that is declared nowhere, or has no result, holds nothing back.
 */
export function suppressionOf(
  address: string,
  find: (address: string) => KnownCheck | undefined,
): Suppression {
  const own = find(address);
  if (!own) return { unreachable: [], dependsOn: [] };
  return {
    unreachable: [...new Set(blamed(own, find, new Set([address])))],
    dependsOn: [...new Set(holding(own, find, new Set([address])))],
  };
}

type Find = (address: string) => KnownCheck | undefined;

const isDown = (known: KnownCheck | undefined): boolean =>
  known?.state !== undefined && known.state !== "ok" && known.state !== "warning";

function blamed(check: KnownCheck, find: Find, seen: ReadonlySet<string>): string[] {
  const { parents } = check;
  if (parents.length === 0 || !parents.every((parent) => isDown(find(parent)))) return [];
  return parents.flatMap((parent) => {
    const known = find(parent);
    // Where a circle closes nobody further up is to blame.
    if (!known || seen.has(parent)) return [];
    const further = blamed(known, find, new Set([...seen, parent]));
    return further.length > 0 ? further : [parent];
  });
}

function holding(check: KnownCheck, find: Find, seen: ReadonlySet<string>): string[] {
  return check.dependencies.flatMap(({ on, failWhen }) => {
    const known = find(on);
    if (!known || seen.has(on)) return [];
    const inherited = holding(known, find, new Set([...seen, on]));
    const own = known.state !== undefined && failWhen.includes(known.state) ? [on] : [];
    return [...own, ...inherited];
  });
}

/** Checks whose state decides about this one: all that must be known anew before somebody is told of it. */
export function askedFirst(address: string, find: Find): string[] {
  const found = new Set<string>();
  const visit = (one: string): void => {
    const known = find(one);
    for (const next of known ? [...known.parents, ...known.dependencies.map(({ on }) => on)] : [])
      if (!found.has(next) && next !== address) {
        found.add(next);
        visit(next);
      }
  };
  visit(address);
  return [...found];
}
