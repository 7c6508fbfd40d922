import { type InventoryItem, type InventoryKind, type InventoryNote, inventoryKinds } from "@havn/model";
import { writtenAs } from "./constructors.ts";
import { Code, literal } from "./literal.ts";
import { type HiddenSecret, holdsSecret } from "./secrets.ts";

export interface Adoption {
  /** Name of the host. */
  host: string;
  items: readonly InventoryItem[];
  notes: readonly InventoryNote[];
  secrets: readonly HiddenSecret[];
}

export interface Printed {
  /** The TypeScript: a module with one function, which declares everything on the host that it is given. */
  text: string;
  /** Name of that function. */
  name: string;
  /** What stands beside it, by path relative to its folder. */
  files: { path: string; content: string; encoding: "utf8" | "base64" }[];
}

const titles: Record<InventoryKind, string> = {
  packages: "Packages",
  repositories: "Package repositories and their keys",
  accounts: "Users and groups",
  keys: "Keys that let them in",
  sudo: "What they may do as others",
  system: "Host name, time zone, locales, names of other hosts",
  storage: "File systems",
  kernel: "Kernel: settings and modules",
  alternatives: "Alternatives",
  diversions: "Diversions",
  units: "Units",
  cron: "Cron",
  firewall: "Firewall",
  files: "Configuration files",
  databases: "Databases",
  languages: "Packages of programming languages",
};

/** The TypeScript that declares `items` as they are, with what is long in files of its own. */
export function printAdoption(adoption: Adoption): Printed {
  const name = identifierOf(`adopted ${adoption.host}`);
  const printing: Printing = {
    folder: adoption.host,
    used: new Set(["on", "contentOf", "bytesOf", "readFileSync", name]),
    handles: new Map(),
    imports: new Set(),
    files: [],
  };
  nameHandles(adoption.items, printing);
  const sections = inventoryKinds.flatMap((kind) => {
    const items = adoption.items.filter((item) => item.kind === kind);
    return items.length === 0 ? [] : [`  // ${titles[kind]}.\n${printSection(items, printing)}`];
  });
  const text = [
    headOf(adoption, printing),
    `export function ${name}(on: HostHandle): void {\n${sections.join("\n")}${printNotes(adoption.notes)}}\n`,
  ].join("\n");
  return { text, name, files: printing.files };
}

interface Printing {
  /** Folder of what stands beside it. */
  folder: string;
  /** Identifiers that are taken. */
  used: Set<string>;
  /** Variable of each item that others name. */
  handles: Map<string, Code>;
  imports: Set<string>;
  files: Printed["files"];
}

const keyOf = (type: string, name: string) => `${type} ${name}`;

/** Only what others come after gets a variable. */
function nameHandles(items: readonly InventoryItem[], { handles, used }: Printing): void {
  const wanted = new Set(items.flatMap(({ after = [] }) => after.map(({ type, name }) => keyOf(type, name))));
  for (const { type, name } of items) {
    if (!wanted.has(keyOf(type, name))) continue;
    const plain = identifierOf(name);
    const identifier = used.has(plain) ? identifierOf(`${name} ${type}`) : plain;
    used.add(identifier);
    handles.set(keyOf(type, name), new Code(identifier));
  }
}

/** `nginx-light` → `nginxLight`; a word that TypeScript or the SDK has is told apart by an underscore. */
function identifierOf(text: string): string {
  const [first = "", ...rest] = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined =
    first.charAt(0).toLowerCase() +
    first.slice(1) +
    rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^\d|^(pkg|file|directory|symlink|group|user|mount|swap|hostname|timezone|locale|alternatives|secret|on|package|new|default|in|do|if|for|let|var|const|this|delete|enum|with|void|null|true|false)$/.test(
    joined,
  ) || joined === ""
    ? `_${joined}`
    : joined;
}

function printSection(items: readonly InventoryItem[], printing: Printing): string {
  // Packages without anything special are a list.
  const plain = items.filter(
    ({ type, name, properties }) =>
      type === "package" && Object.keys(properties).length === 1 && !printing.handles.has(keyOf(type, name)),
  );
  const rest = items.filter((item) => plain.length < 2 || !plain.includes(item));
  if (plain.length < 2) return rest.map((item) => printItem(item, printing)).join("");
  printing.imports.add("pkg");
  const names = literal(
    plain.map(({ name }) => name),
    "  ",
  );
  return `${rest.map((item) => printItem(item, printing)).join("")}  for (const name of ${names}) pkg(name, { host: on });\n`;
}

function printItem(item: InventoryItem, printing: Printing): string {
  const { make, argument, options } = writtenAs(item, (type, name) =>
    printing.handles.get(keyOf(type, name)),
  );
  printing.imports.add(make);
  if (Object.values(options).some(holdsSecret) || Object.values(options.dropIns ?? {}).some(holdsSecret))
    printing.imports.add("secret");
  const handle = printing.handles.get(keyOf(item.type, item.name));
  const call = `${make}(${literal(argument)}, ${literal(withContents(item, options, printing), "  ")});`;
  return `  ${handle ? `const ${handle.text} = ` : ""}${call}\n`;
}

/** What is longer than a few lines is read from a file. */
function withContents(
  item: InventoryItem,
  options: Record<string, unknown>,
  printing: Printing,
): Record<string, unknown> {
  const beside = (path: string, text: unknown): unknown => {
    if (typeof text !== "string" || isShort(text)) return text;
    return new Code(`contentOf(${JSON.stringify(addFile(path, text, "utf8", printing))})`);
  };
  const home =
    item.type === "systemd.unit"
      ? `/etc/systemd/system/${item.name}`
      : item.type === "sudo.rule"
        ? `/etc/sudoers.d/${item.name}`
        : item.name;
  const { content, base64, dropIns } = options;
  return {
    ...options,
    ...(content !== undefined && { content: beside(home, content) }),
    ...(typeof base64 === "string" && {
      base64: new Code(`bytesOf(${JSON.stringify(addFile(home, base64, "base64", printing))})`),
    }),
    ...(typeof dropIns === "object" &&
      dropIns !== null && {
        dropIns: Object.fromEntries(
          Object.entries(dropIns).map(([name, text]) => [name, beside(`${home}.d/${name}.conf`, text)]),
        ),
      }),
  };
}

const isShort = (text: string): boolean => text.length <= 160 && text.split("\n").length <= 4;

/** Its path below the folder, with nothing in it that a file system or a person stumbles over. */
function addFile(
  path: string,
  content: string,
  encoding: "utf8" | "base64",
  { files, folder }: Printing,
): string {
  // The name comes from the host: a step up in it would lead out of the folder.
  const plain = path
    .replace(/[^A-Za-z0-9_.@/-]/g, "_")
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..")
    .join("/");
  const taken = (one: string) => files.some((file) => file.path === `${folder}/${one}`);
  let name = plain;
  for (let number = 2; taken(name); number++) name = `${plain}.${number}`;
  files.push({ path: `${folder}/${name}`, content, encoding });
  return name;
}

function headOf({ host, secrets }: Adoption, { imports, files, folder }: Printing): string {
  const reads = (encoding: "utf8" | "base64") => files.some((file) => file.encoding === encoding);
  const url = "new URL(`./" + folder + "/${path}`, import.meta.url)";
  return [
    `// Written by \`havn adopt ${host}\`: what is on ${host} and was declared nowhere, as it was found, so that planning it`,
    "// changes nothing. Read it, keep what is meant, and take out the rest: what is taken out stays on the host.",
    ...(secrets.length > 0
      ? [
          "// What looks like keys and passwords is kept in Havn's store and stands here as secret(…); replace one with",
          "// `havn secret set NAME`.",
        ]
      : []),
    ...(files.length > 0 ? ['import { readFileSync } from "node:fs";'] : []),
    `import {\n${["type HostHandle", ...[...imports].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))].map((name) => `  ${name},\n`).join("")}} from ${JSON.stringify("havn")};`,
    "",
    ...(reads("utf8") ? [`const contentOf = (path: string) => readFileSync(${url}, "utf8");`] : []),
    ...(reads("base64")
      ? [`const bytesOf = (path: string) => readFileSync(${url}).toString("base64");`]
      : []),
    ...(files.length > 0 ? [""] : []),
  ].join("\n");
}

function printNotes(notes: readonly InventoryNote[]): string {
  if (notes.length === 0) return "";
  const lines = notes.map(
    ({ name, note }) => `  // - ${name.replace(/\s+/g, " ")}: ${note.replace(/\s+/g, " ")}.\n`,
  );
  return `\n  // Found and not declared:\n${lines.join("")}`;
}
