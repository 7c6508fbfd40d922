/** An inventory while it is read. */
export interface Inventory {
  groups: Map<string, Group>;
  /** Variables that stand with each host. */
  hosts: Map<string, Record<string, unknown>>;
}

export interface Group {
  hosts: Set<string>;
  children: Set<string>;
  vars: Record<string, unknown>;
}

/** The form of `ansible-inventory --list`: each group, and each host's variables as they come out. */
export type InventoryList = {
  _meta: { hostvars: Record<string, Record<string, unknown>> };
  [group: string]: object;
};

/** Variables from files beside an inventory, by name of group or host. */
export interface VariableFiles {
  groups: ReadonlyMap<string, Record<string, unknown>>;
  hosts: ReadonlyMap<string, Record<string, unknown>>;
}

export const createInventory = (): Inventory => ({ groups: new Map(), hosts: new Map() });

export function openGroup(inventory: Inventory, name: string): Group {
  const group = inventory.groups.get(name) ?? { hosts: new Set(), children: new Set(), vars: {} };
  inventory.groups.set(name, group);
  return group;
}

/**
 * Which variables each host ends up with. Later wins, as in Ansible: groups of the inventory from the outermost inwards
 * (`ansible_group_priority`, then the name, decides between equals), the same for files of groups, then the host's own.
 */
export function listInventory(inventory: Inventory, files: VariableFiles): InventoryList {
  const { groups, hosts } = inventory;
  openGroup(inventory, "all");
  openGroup(inventory, "ungrouped");
  const parents = new Map<string, string[]>();
  for (const [name, { children }] of groups)
    for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name]);
  // What nobody holds is directly in all.
  for (const name of groups.keys()) if (name !== "all" && !parents.has(name)) parents.set(name, ["all"]);

  const depths = new Map<string, number>([["all", 0]]);
  const depthOf = (name: string, seen: ReadonlySet<string> = new Set()): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    if (seen.has(name)) return 0;
    const above = (parents.get(name) ?? []).map((parent) => depthOf(parent, new Set([...seen, name])));
    const depth = 1 + Math.max(0, ...above);
    depths.set(name, depth);
    return depth;
  };
  const varsOf = (name: string) => groups.get(name)?.vars ?? {};
  const priorityOf = (name: string) =>
    Number(files.groups.get(name)?.["ansible_group_priority"] ?? varsOf(name)["ansible_group_priority"] ?? 1);
  const ancestors = (name: string, found = new Set<string>()): Set<string> => {
    for (const parent of parents.get(name) ?? [])
      if (!found.has(parent)) ancestors(parent, found.add(parent));
    return found;
  };

  const hostvars: Record<string, Record<string, unknown>> = {};
  for (const [host, own] of hosts) {
    const direct = [...groups].filter(([, group]) => group.hosts.has(host)).map(([name]) => name);
    const all = new Set(["all", ...direct, ...direct.flatMap((name) => [...ancestors(name)])]);
    const order = [...all].sort(
      (left, right) =>
        depthOf(left) - depthOf(right) ||
        priorityOf(left) - priorityOf(right) ||
        (left < right ? -1 : left > right ? 1 : 0),
    );
    hostvars[host] = Object.assign(
      {},
      ...order.map(varsOf),
      ...order.map((name) => files.groups.get(name) ?? {}),
      own,
      files.hosts.get(host) ?? {},
    );
    delete hostvars[host]?.["ansible_group_priority"];
  }
  return { _meta: { hostvars }, ...shownGroups(inventory, parents) };
}

function shownGroups(
  { groups, hosts }: Inventory,
  parents: ReadonlyMap<string, string[]>,
): Record<string, object> {
  const grouped = new Set(
    [...groups].flatMap(([name, group]) => (name === "all" || name === "ungrouped" ? [] : [...group.hosts])),
  );
  const ungrouped = [...hosts.keys()].filter((host) => !grouped.has(host));
  const shown: Record<string, object> = {};
  for (const [name, { hosts: members, children }] of groups) {
    const inside =
      name === "all"
        ? [
            "ungrouped",
            ...[...parents]
              .filter(([one, of]) => of.includes("all") && one !== "ungrouped")
              .map(([one]) => one),
          ]
        : [...children];
    const own = name === "all" ? [] : name === "ungrouped" ? ungrouped : [...members];
    if (inside.length === 0 && own.length === 0) continue;
    shown[name] = {
      ...(inside.length > 0 && { children: inside.sort() }),
      ...(own.length > 0 && { hosts: own.sort() }),
    };
  }
  return shown;
}
