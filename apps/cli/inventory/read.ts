import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, extname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { HavnError } from "@havn/model";
import { readIni } from "./ini.ts";
import {
  createInventory,
  type InventoryList,
  listInventory,
  openGroup,
  type VariableFiles,
} from "./inventory.ts";
import { isRecord, parseYaml, readYaml } from "./yaml.ts";

/**
 * What an Ansible inventory says, in the form of `ansible-inventory --list`: a file in INI or YAML, a folder of them, or
 * a program (run with `--list`), with group_vars and host_vars beside it.
 */
export async function readAnsible(path: string, signal: AbortSignal): Promise<InventoryList> {
  const inventory = createInventory();
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new HavnError(`There is no inventory at ${path}`, { status: 404 });
  const files = found.isDirectory()
    ? readdirSync(path)
        .filter((name) => !/^(group_vars|host_vars|\.)|(~|\.(orig|bak|ini|cfg|retry|pyc|pyo))$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  for (const file of files) {
    if (isProgram(file)) readList(await runProgram(file, signal), file, inventory);
    else readText(readFileSync(file, "utf8"), file, inventory);
  }
  return listInventory(inventory, variableFiles(found.isDirectory() ? path : dirname(path)));
}

function isProgram(file: string): boolean {
  if (statSync(file).isDirectory()) return false;
  try {
    accessSync(file, constants.X_OK);
    return (statSync(file).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

async function runProgram(file: string, signal: AbortSignal): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)(file, ["--list"], {
      cwd: dirname(file),
      timeout: 60_000,
      maxBuffer: 256 << 20,
      signal,
    });
    return JSON.parse(stdout);
  } catch (cause) {
    throw new HavnError(`${file} --list gave no inventory`, {
      detail: cause instanceof Error ? cause.message : String(cause),
      status: 400,
      cause,
    });
  }
}

function readText(text: string, file: string, inventory: ReturnType<typeof createInventory>): void {
  const kind = extname(file);
  if (kind === ".json") readList(parseYaml(text, file), file, inventory);
  else if (kind === ".yml" || kind === ".yaml") readYaml(parseYaml(text, file), file, inventory);
  else readIni(text, file, inventory);
}

/** The answer of a program: groups, with the hosts' variables in `_meta`. */
function readList(value: unknown, file: string, inventory: ReturnType<typeof createInventory>): void {
  if (!isRecord(value))
    throw new HavnError(`${file} gave no inventory: expected an object of groups`, { status: 400 });
  for (const [name, group] of Object.entries(value)) {
    if (name === "_meta") continue;
    const open = openGroup(inventory, name);
    const { hosts, children, vars } = Array.isArray(group)
      ? { hosts: group, children: [], vars: {} }
      : (group as Record<string, unknown>);
    for (const host of Array.isArray(hosts) ? hosts : []) {
      open.hosts.add(String(host));
      if (!inventory.hosts.has(String(host))) inventory.hosts.set(String(host), {});
    }
    for (const child of Array.isArray(children) ? children : []) {
      open.children.add(String(child));
      openGroup(inventory, String(child));
    }
    if (isRecord(vars)) Object.assign(open.vars, vars);
  }
  const meta = value["_meta"];
  const hostvars = isRecord(meta) && isRecord(meta["hostvars"]) ? meta["hostvars"] : {};
  for (const [host, vars] of Object.entries(hostvars))
    inventory.hosts.set(host, { ...inventory.hosts.get(host), ...(isRecord(vars) ? vars : {}) });
}

function variableFiles(folder: string): VariableFiles {
  const read = (kind: string) => {
    const found = new Map<string, Record<string, unknown>>();
    const home = join(folder, kind);
    for (const entry of existsSync(home) ? readdirSync(home).sort() : []) {
      const path = join(home, entry);
      const name = statSync(path).isDirectory()
        ? entry
        : basename(entry, /\.(ya?ml|json)$/.exec(entry)?.[0] ?? "");
      found.set(name, { ...found.get(name), ...readVariables(path) });
    }
    return found;
  };
  return { groups: read("group_vars"), hosts: read("host_vars") };
}

function readVariables(path: string): Record<string, unknown> {
  if (statSync(path).isDirectory())
    return Object.assign(
      {},
      ...readdirSync(path)
        .filter((name) => !name.startsWith("."))
        .sort()
        .map((name) => readVariables(join(path, name))),
    );
  if (!["", ".yml", ".yaml", ".json"].includes(extname(path))) return {};
  const text = readFileSync(path, "utf8");
  if (text.startsWith("$ANSIBLE_VAULT"))
    throw new HavnError(`${path} is encrypted with Ansible Vault`, {
      detail: "Decrypt what is needed of it (ansible-vault view) into a secret of Havn's: havn secret set.",
      status: 400,
    });
  const value = parseYaml(text, path) ?? {};
  if (!isRecord(value)) throw new HavnError(`${path} holds no variables`, { status: 400 });
  return value;
}

/** The hosts that an SSH configuration names, each as `ssh -G` reads it, in the same form. */
export async function readSshConfig(path: string, signal: AbortSignal): Promise<InventoryList> {
  if (!existsSync(path)) throw new HavnError(`There is no SSH configuration at ${path}`, { status: 404 });
  const hostvars: Record<string, Record<string, unknown>> = {};
  for (const name of sshNames(path)) {
    const { stdout } = await promisify(execFile)("ssh", ["-F", path, "-G", "--", name], { signal }).catch(
      (cause) => {
        throw new HavnError(`ssh does not read ${path}`, {
          detail: String(cause.stderr ?? cause).trim(),
          status: 400,
        });
      },
    );
    hostvars[name] = fromSsh(name, stdout);
  }
  const hosts = Object.keys(hostvars).sort();
  return { _meta: { hostvars }, all: { children: ["ungrouped"] }, ungrouped: { hosts } };
}

/** Names in `Host` lines that are no patterns, also in files that are included. */
function sshNames(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const names: string[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, keyword = "", rest = ""] = /^\s*(host|include)(?:\s*=\s*|\s+)(.+?)\s*$/i.exec(line) ?? [];
    const words = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
    if (keyword.toLowerCase() === "host") names.push(...words.filter((word) => /^[^*?!\s]+$/.test(word)));
    if (keyword.toLowerCase() === "include")
      for (const word of words) {
        const from = word.replace(/^~(?=\/)/, homedir());
        const pattern = isAbsolute(from) ? from : join(homedir(), ".ssh", from);
        for (const file of globSync(pattern).sort()) names.push(...sshNames(file, seen));
      }
  }
  return [...new Set(names)];
}

function fromSsh(name: string, told: string): Record<string, unknown> {
  const values = new Map<string, string[]>();
  for (const line of told.split("\n")) {
    const at = line.indexOf(" ");
    const key = line.slice(0, at);
    if (at > 0) values.set(key, [...(values.get(key) ?? []), line.slice(at + 1)]);
  }
  const one = (key: string) => values.get(key)?.[0];
  const [hostname = name, port, user, jump] = [one("hostname"), one("port"), one("user"), one("proxyjump")];
  // Those that ssh tries anyway are no setting of this host's.
  const key = values
    .get("identityfile")
    ?.find((file) => !/\/\.ssh\/id_\w+$/.test(file) || values.get("identityfile")?.length === 1);
  return {
    ansible_host: hostname,
    ...(port !== undefined && port !== "22" && { ansible_port: Number(port) }),
    ...(user !== undefined && user !== userInfo().username && { ansible_user: user }),
    ...(key !== undefined && { ansible_ssh_private_key_file: key }),
    ...(jump !== undefined && jump !== "none" && { ansible_ssh_common_args: `-J ${jump}` }),
  };
}
