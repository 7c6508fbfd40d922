import { createHash } from "node:crypto";
import { HavnError } from "@havn/model";
import { parseDotenv, parseIni, unflatten } from "./flat.ts";
import { type Branch, entry, type Leaf, type Tree } from "./tree.ts";
import { parseTree } from "./yaml.ts";

/** Files as SOPS writes them: https://github.com/getsops/sops (stores/, sops.go). */
export type SopsFormat = "yaml" | "json" | "dotenv" | "ini";

/** Where a value stands: names of objects' properties, numbers of lists' items (from 0). */
export type SopsPath = readonly (string | number)[];

/** What the file says of its own encryption, as far as Havn reads it. */
export interface SopsMetadata {
  /** The data key, encrypted for each recipient. */
  age: { recipient: string; enc: string }[];
  /** Other kinds of keys that it names: `kms`, `pgp`, … */
  otherKeys: string[];
  /** As it stands in the file: the MAC is bound to it. */
  lastModified: string;
  mac: string;
  macOnlyEncrypted: boolean;
  unencryptedSuffix: string;
  encryptedSuffix: string;
  unencryptedRegex: string;
  encryptedRegex: string;
  /** Comments decide what is encrypted: then a value shows by its form whether it is. */
  byComments: boolean;
}

export interface SopsDocument {
  format: SopsFormat;
  /** Documents of a YAML file; one of all others. Without the metadata. */
  branches: Branch[];
  metadata: SopsMetadata;
}

/** By the file's name, as SOPS itself does. */
export function formatOf(path: string): SopsFormat | undefined {
  if (/\.ya?ml$/.test(path)) return "yaml";
  if (path.endsWith(".json")) return "json";
  if (path.endsWith(".env")) return "dotenv";
  if (path.endsWith(".ini")) return "ini";
  return undefined;
}

/** Parses a file without decrypting it. Throws a HavnError (400) that says what is wrong; it holds no value. */
export function parseSops(text: string, format: SopsFormat): SopsDocument {
  const branches = parseBranches(text, format);
  const [first] = branches;
  const metadata = first && (format === "dotenv" ? unflattened(first, "sops_") : findMetadata(first, format));
  if (!metadata)
    throw new HavnError("It is not encrypted with SOPS: it has no `sops` part", {
      detail:
        "Encrypt it: sops encrypt --in-place --age RECIPIENT FILE. `havn secret recipients` shows Havn's.",
      status: 400,
    });
  const isOwn = ({ key }: { key: string }) =>
    format === "dotenv" ? key.startsWith("sops_") : key === "sops";
  return {
    format,
    branches: branches.map(({ items }) => ({ kind: "map", items: items.filter((item) => !isOwn(item)) })),
    metadata: readMetadata(metadata),
  };
}

/** The value at a path, still encrypted; undefined where there is none. */
export function findLeaf({ branches }: Pick<SopsDocument, "branches">, path: SopsPath): Leaf | undefined {
  for (const branch of branches) {
    let at: Tree | undefined = branch;
    for (const part of path) at = at && entry(at, part);
    if (at?.kind === "leaf") return at;
  }
  return undefined;
}

/** `db.password`, `tokens[1]` and `["a.b","c"]` (JSON, for names with dots) as a path. */
export const pathOf = (key: string | SopsPath): SopsPath =>
  typeof key !== "string"
    ? key
    : key.startsWith('["')
      ? (JSON.parse(key) as SopsPath)
      : key
          .replace(/\[(\d+)\]/g, ".$1")
          .split(".")
          .map((part) => (/^\d+$/.test(part) ? Number(part) : part));

export const formatPath = (path: SopsPath): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");

/** Paths of all values. */
export function listPaths({ branches }: Pick<SopsDocument, "branches">): string[] {
  const paths: string[] = [];
  const walk = (tree: Tree, path: SopsPath): void => {
    if (tree.kind === "leaf") paths.push(formatPath(path));
    else if (tree.kind === "map") for (const { key, value } of tree.items) walk(value, [...path, key]);
    else for (const [index, value] of tree.items.entries()) walk(value, [...path, index]);
  };
  for (const branch of branches) walk(branch, []);
  return paths;
}

function parseBranches(text: string, format: SopsFormat): Branch[] {
  switch (format) {
    case "yaml":
    case "json":
      return parseTree(text, format);
    case "dotenv":
      return [parseDotenv(text)];
    case "ini":
      return [parseIni(text)];
  }
}

function findMetadata(branch: Branch, format: SopsFormat): unknown {
  const found = entry(branch, "sops");
  if (found?.kind !== "map") return undefined;
  return format === "ini" ? unflattened(found, "") : plain(found);
}

/** In flat files metadata is written `age__list_0__map_enc`, its line breaks as `\n`. */
function unflattened(branch: Branch, prefix: string): unknown {
  const own = branch.items.filter(({ key }) => key.startsWith(prefix));
  if (own.length === 0) return undefined;
  return unflatten(
    own.map(({ key, value }): [string, string] => [
      key.slice(prefix.length),
      value.kind === "leaf" ? String(value.value).replaceAll("\\n", "\n") : "",
    ]),
  );
}

const plain = (tree: Tree): unknown =>
  tree.kind === "leaf"
    ? tree.value
    : tree.kind === "list"
      ? tree.items.map(plain)
      : Object.fromEntries(tree.items.map(({ key, value }) => [key, plain(value)]));

const otherKeyTypes = ["kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp", "key_groups"];

function readMetadata(metadata: unknown): SopsMetadata {
  const of = (typeof metadata === "object" && metadata !== null ? metadata : {}) as Record<string, unknown>;
  const text = (name: string): string =>
    of[name] === undefined || of[name] === null ? "" : String(of[name]);
  const list = (name: string): Record<string, unknown>[] =>
    Array.isArray(of[name]) ? (of[name] as Record<string, unknown>[]) : [];
  return {
    age: list("age").map(({ recipient, enc }) => ({ recipient: String(recipient), enc: String(enc) })),
    otherKeys: otherKeyTypes.filter((name) => list(name).length > 0),
    lastModified: text("lastmodified"),
    mac: text("mac"),
    macOnlyEncrypted: text("mac_only_encrypted") === "true",
    unencryptedSuffix: text("unencrypted_suffix"),
    encryptedSuffix: text("encrypted_suffix"),
    unencryptedRegex: text("unencrypted_regex"),
    encryptedRegex: text("encrypted_regex"),
    byComments: text("unencrypted_comment_regex") + text("encrypted_comment_regex") !== "",
  };
}

/**
 * Names one ciphertext at one place: SOPS leaves the ciphertext of what did not change as it is, so a file that was
 * edited elsewhere keeps it. Undefined where there is no value.
 */
export function sealedValueId(document: SopsDocument, path: SopsPath): string | undefined {
  const leaf = findLeaf(document, path);
  return leaf && sealedId(JSON.stringify([path, String(leaf.value)]));
}

/** Names an age file. */
export const sealedFileId = (armored: string): string => sealedId(armored.trim());

const sealedId = (text: string): string =>
  createHash("sha256").update(`havn sealed 1\0${text}`).digest("hex").slice(0, 32);
