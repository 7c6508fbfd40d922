import { HavnError } from "@havn/model";
import { type HostHandle, host, type SshOptions, thisComputer } from "./hosts.ts";

/** The form of `ansible-inventory --list` and of `havn host inventory`. */
export interface InventoryFile {
  _meta?: { hostvars?: Record<string, Record<string, unknown>> };
  [group: string]: unknown;
}

export interface InventoryOptions {
  /**
   * Variables that become labels, which hosts are chosen and measured by. Default: none.
   * @example labels: ["role", "rack"]
   */
  labels?: readonly string[];
  /**
   * What a host of the inventory is called here: lower-case letters, digits and hyphens. Default: dots and underscores
   * become hyphens.
   * @example name: (inventoryName) => inventoryName.split(".")[0]
   */
  name?: (inventoryName: string) => string;
  /**
   * Only hosts of these groups. Default: all.
   * @example groups: ["webservers"]
   */
  groups?: readonly string[];
  /**
   * What agents do about drift, as for host(). Default: "noop".
   * @example mode: "enforce"
   */
  mode?: "enforce" | "noop" | "off";
}

/** A host of an inventory. */
export interface InventoryHost extends HostHandle {
  readonly inventoryName: string;
  /** Every group that it is in, also through other groups; without `all` and `ungrouped`. */
  readonly groups: readonly string[];
  /** Its variables as they come out. Not to be trusted more than the inventory is. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Declares a host for each host of an inventory, with its connection settings (ansible_host, ansible_port, ansible_user,
 * ansible_ssh_private_key_file, ProxyJump in ansible_ssh_common_args, ansible_connection=local) and its groups.
 * `havn host inventory PATH --out inventory.json` writes such a file from an Ansible inventory or an SSH configuration.
 *
 * @example
 * import inventory from "./inventory.json" with { type: "json" };
 * const hosts = hostsFromInventory(inventory, { labels: ["role"] });
 * const web = hosts.filter(({ groups }) => groups.includes("webservers"));
 */
export function hostsFromInventory(
  inventory: InventoryFile,
  options: InventoryOptions = {},
): InventoryHost[] {
  const groups = groupsOf(inventory);
  const variablesOf = inventory._meta?.hostvars ?? {};
  const names = new Set([...Object.keys(variablesOf), ...groups.keys()]);
  const called = options.name ?? ((name: string) => name.toLowerCase().replaceAll(/[._]/g, "-"));
  const chosen = [...names].filter(
    (name) => !options.groups || options.groups.some((group) => groups.get(name)?.has(group)),
  );
  return chosen.map((inventoryName) => {
    const variables = variablesOf[inventoryName] ?? {};
    const member = [...(groups.get(inventoryName) ?? [])]
      .filter((group) => group !== "all" && group !== "ungrouped")
      .sort();
    const behaviour = {
      labels: labelsFrom(variables, options.labels ?? []),
      ...(member.length > 0 && { groups: member }),
      ...(options.mode !== undefined && { mode: options.mode }),
    };
    const name = called(inventoryName);
    const declared =
      variables["ansible_connection"] === "local"
        ? thisComputer(name, behaviour)
        : host(name, { ssh: sshFrom(inventoryName, variables), ...behaviour });
    return { ...declared, inventoryName, groups: member, variables };
  });
}

/** Groups of each host, through children too. */
function groupsOf(inventory: InventoryFile): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const listOf = (group: string, key: "hosts" | "children"): string[] => {
    const value = (inventory[group] as Record<string, unknown> | undefined)?.[key];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const members = (group: string, seen: ReadonlySet<string>): string[] =>
    seen.has(group)
      ? []
      : [
          ...listOf(group, "hosts"),
          ...listOf(group, "children").flatMap((child) => members(child, new Set([...seen, group]))),
        ];
  for (const group of Object.keys(inventory))
    if (group !== "_meta")
      for (const name of members(group, new Set()))
        found.set(name, (found.get(name) ?? new Set()).add(group));
  return found;
}

function labelsFrom(
  variables: Readonly<Record<string, unknown>>,
  wanted: readonly string[],
): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const name of wanted) {
    const value = variables[name];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      labels[name] = String(value);
  }
  return labels;
}

function sshFrom(name: string, variables: Readonly<Record<string, unknown>>): SshOptions {
  const text = (key: string): string | undefined => {
    const value = variables[key];
    return value === undefined || value === null ? undefined : String(value);
  };
  const port = text("ansible_port") ?? text("ansible_ssh_port");
  const user = text("ansible_user") ?? text("ansible_ssh_user");
  const identityFile = text("ansible_ssh_private_key_file");
  const args = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"];
  const jump = jumpFrom(name, args.map((key) => text(key) ?? "").join(" "));
  return {
    address: text("ansible_host") ?? text("ansible_ssh_host") ?? name,
    ...(port !== undefined && { port: Number(port) }),
    ...(user !== undefined && { user }),
    ...(identityFile !== undefined && { identityFile }),
    ...(jump !== undefined && { jump }),
  };
}

/** The way that options of ssh describe: -J, ProxyJump, or a ProxyCommand that is `ssh … -W %h:%p … host`. */
function jumpFrom(name: string, args: string): string | undefined {
  const direct = /(?:^|\s)-J\s*["']?([^\s"']+)|ProxyJump[= ]["']?([^\s"']+)/i.exec(args);
  if (direct) return direct[1] ?? direct[2];
  const command = /ProxyCommand\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"']*))/i.exec(args);
  if (!command) return undefined;
  const words = (command[1] ?? command[2] ?? command[3] ?? "").trim().split(/\s+/);
  let [target, port, user] = ["", "", ""];
  for (let at = 1; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "-p") port = words[++at] ?? "";
    else if (word === "-l") user = words[++at] ?? "";
    else if (/^-[BbcDEeFIiJLmOoQRSWw]$/.test(word)) at++;
    else if (!word.startsWith("-")) target = word;
  }
  if (words[0] !== "ssh" || !words.some((word) => word.startsWith("-W")) || target === "")
    throw new HavnError(`The ProxyCommand of ${name} is not understood`, {
      detail:
        'Write it as ProxyJump, or give the host in the configuration: host("…", { ssh: { jump: "…" } }).',
      status: 400,
    });
  return `${user === "" ? "" : `${user}@`}${target}${port === "" ? "" : `:${port}`}`;
}
