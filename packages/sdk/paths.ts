import { findDefinition } from "@havn/infrastructure/definitions";
import type { Address, Diagnostic, Resource } from "@havn/model";

/**
 * What follows from the paths of files alone, host by host: of those that work on one path, the one declared later comes
 * after; what is in a directory comes after the directory; and a purged directory knows what in it is declared. Nothing
 * is added that would run against what was written. Gives what is wrong: resources of which each would undo the other.
 */
export function connectPaths(resources: readonly Resource[]): Diagnostic[] {
  const byHost = Map.groupBy(
    resources.filter(({ host }) => host !== undefined),
    ({ host }) => host ?? "",
  );
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  for (const onHost of byHost.values()) connectHost(onHost, byAddress);
  return [...byHost.values()].flatMap(findFights);
}

/** One writes a file as a whole, and another one the same file or a part of it: every apply would change it twice. */
function findFights(resources: readonly Resource[]): Diagnostic[] {
  const keepers = new Map<string, Resource>();
  const diagnostics: Diagnostic[] = [];
  const complain = (resource: Resource, path: string, keeper: Resource) =>
    diagnostics.push({
      severity: "error",
      summary: `${keeper.address} and ${resource.address} both write ${path}`,
      detail: isEdit(resource)
        ? `The whole content of ${path} is declared, so that a change of a part of it would be undone. Put it into the content, or declare the file with touch: true in place of its content.`
        : `Each would undo the other. Remove one of them.`,
      address: resource.address,
      ...(resource.location && { at: resource.location }),
    });
  for (const resource of resources)
    for (const path of asked(resource, "keeps")) {
      const other = keepers.get(path);
      // The same resource twice is told of elsewhere.
      if (other && other.address !== resource.address) complain(resource, path, other);
      else keepers.set(path, resource);
    }
  for (const resource of resources)
    for (const path of [
      ...(isEdit(resource) ? asked(resource, "paths") : []),
      ...asked(resource, "shares"),
    ]) {
      const keeper = keepers.get(path);
      if (keeper) complain(resource, path, keeper);
    }
  return diagnostics;
}

const isEdit = ({ type }: Pick<Resource, "type">): boolean => /^(line|block|replace|setting\..*)$/.test(type);

function connectHost(resources: readonly Resource[], byAddress: ReadonlyMap<Address, Resource>): void {
  const users = new Map<string, Resource[]>();
  for (const resource of resources)
    for (const path of new Set(asked(resource, "paths")))
      users.set(path, [...(users.get(path) ?? []), resource]);
  for (const [path, list] of users) {
    const inOrder = list.toSorted((a, b) => Number(needs(a, path)) - Number(needs(b, path)));
    for (const [index, resource] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (before) comeAfter(resource, before, byAddress);
    }
    const directory = directoryAbove(path, users);
    const [first] = inOrder;
    if (first && directory) comeAfter(first, directory, byAddress);
  }
  for (const resource of resources)
    if (resource.type === "directory" && (resource.properties.purge || resource.properties.recurse))
      resource.properties.declared = [...users.keys()]
        .filter((path) => path.startsWith(`${resource.properties.path}/`))
        .sort();
}

/** Whether it needs what others put at a path: an edit its file, a hard link its target, an archive its download. */
const needs = ({ type, properties }: Resource, path: string): boolean =>
  isEdit({ type }) || (["hardlink", "archive", "wait", "assert"].includes(type) && properties.path !== path);

function asked({ type, properties }: Resource, what: "paths" | "keeps" | "shares"): string[] {
  try {
    const paths = findDefinition(type)?.[what]?.(properties) ?? [];
    return paths.filter((path) => typeof path === "string" && path.startsWith("/"));
  } catch {
    // What was written is not sound: the check tells of it.
    return [];
  }
}

/** The nearest directory around a path that is declared and shall be there. */
function directoryAbove(path: string, users: ReadonlyMap<string, readonly Resource[]>): Resource | undefined {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const found = users
      .get(path.slice(0, end))
      ?.find(
        ({ type, properties }) =>
          (type === "directory" && !properties.absent) || type === "archive" || type === "git",
      );
    if (found) return found;
  }
  return undefined;
}

function comeAfter(resource: Resource, before: Resource, byAddress: ReadonlyMap<Address, Resource>): void {
  if (resource === before || resource.dependsOn.includes(before.address)) return;
  if (dependsOn(before, resource.address, byAddress)) return;
  resource.dependsOn.push(before.address);
}

function dependsOn(resource: Resource, address: Address, byAddress: ReadonlyMap<Address, Resource>): boolean {
  const seen = new Set<Address>();
  const queue = [...resource.dependsOn];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next === address) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...(byAddress.get(next)?.dependsOn ?? []));
  }
  return false;
}
