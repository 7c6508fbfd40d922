import { createDecipheriv, createHash, timingSafeEqual } from "node:crypto";
import { HavnError } from "@havn/model";
import { decryptAge, noKey } from "./age.ts";
import {
  findLeaf,
  formatPath,
  parseSops,
  type SopsDocument,
  type SopsFormat,
  type SopsMetadata,
  type SopsPath,
} from "./document.ts";
import { encryptionRule, isEncrypted } from "./rules.ts";
import type { Leaf, Tree } from "./tree.ts";
import { asBytes, type Plain, typed } from "./values.ts";

/** A SOPS file, opened: everything in it is as whoever encrypted it left it. */
export interface OpenedSops {
  /** The value as text; undefined where there is none. */
  find(path: SopsPath): string | undefined;
}

/**
 * Decrypts a whole file and checks its MAC. Throws a HavnError (400) where no identity fits, where anything in it was
 * changed, added or taken out; no message holds a value.
 */
export async function openSops(
  text: string,
  format: SopsFormat,
  identities: readonly string[],
): Promise<OpenedSops> {
  const document = parseSops(text, format);
  const names = new Set<string>();
  for (const branch of document.branches)
    walk(branch, [], (_leaf, path) => {
      for (const name of path) names.add(name);
    });
  const mustBeEncrypted = encryptionRule(document.metadata, names);
  const key = await openDataKey(document.metadata, identities);
  const opened = new Map<Leaf, Plain>();
  const hash = createHash("sha512");
  if (document.metadata.macOnlyEncrypted) hash.update(macOnlyEncryptedStart);
  for (const branch of document.branches)
    walk(branch, [], (leaf, path) => {
      const wasEncrypted = mustBeEncrypted(path) ?? isEncrypted(leaf.value);
      const value = wasEncrypted ? openLeaf(leaf, path, key) : leaf.value;
      if (value === null) return;
      // What neither the key nor the MAC vouches for is no secret: whoever changes the file chooses it.
      if (wasEncrypted || !document.metadata.macOnlyEncrypted) opened.set(leaf, value);
      if (wasEncrypted || !document.metadata.macOnlyEncrypted) hash.update(asBytes(value));
    });
  checkMac(document.metadata, key, hash.digest());
  return { find: (path) => found(document, path, opened) };
}

function found(document: SopsDocument, path: SopsPath, opened: ReadonlyMap<Leaf, Plain>): string | undefined {
  const leaf = findLeaf(document, path);
  const value = leaf && opened.get(leaf);
  if (value === undefined) return undefined;
  // For a host true is "true": Python's spelling is that of the MAC only.
  return typeof value === "boolean" ? String(value) : asBytes(value).toString("utf8");
}

/** sha256("sops"): a MAC over encrypted values only is never one over all of them. */
const macOnlyEncryptedStart = createHash("sha256").update("sops").digest();

async function openDataKey(metadata: SopsMetadata, identities: readonly string[]): Promise<Buffer> {
  if (metadata.age.length === 0)
    throw new HavnError("It is encrypted for no age recipient", {
      detail:
        `Havn opens files with age keys${metadata.otherKeys.length > 0 ? `; this one has ${metadata.otherKeys.join(", ")}` : ""}. ` +
        "Add a recipient of `havn secret recipients`: sops rotate --in-place --add-age RECIPIENT FILE.",
      status: 400,
    });
  let failure: unknown = noKey();
  for (const { enc } of metadata.age)
    try {
      const key = Buffer.from(await decryptAge(enc, identities));
      if (key.length === 32) return key;
      failure = tampered("its data key is not one of 32 bytes");
    } catch (error) {
      // What another recipient's entry says counts only when no entry opens.
      if (!(error instanceof HavnError) || error.message !== noKey().message) failure = error;
    }
  throw failure;
}

function walk(tree: Tree, path: SopsPath, onLeaf: (leaf: Leaf, path: string[]) => void): void {
  if (tree.kind === "leaf") {
    // Items of a list are bound to the list's name.
    onLeaf(
      tree,
      path.filter((part) => typeof part === "string"),
    );
  } else if (tree.kind === "map")
    for (const { key, value } of tree.items) walk(value, [...path, key], onLeaf);
  else for (const [index, value] of tree.items.entries()) walk(value, [...path, index], onLeaf);
}

function openLeaf({ value }: Leaf, path: readonly string[], key: Buffer): Plain | null {
  // SOPS leaves empty texts and nulls as they are.
  if (value === null || value === "") return value;
  const opened = typeof value === "string" ? open(value, key, `${path.join(":")}:`) : undefined;
  if (opened === undefined) throw tampered(`${formatPath(path)} does not open with the file's key`);
  return opened;
}

function open(text: string, key: Buffer, boundTo: string): Plain | undefined {
  const match = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]$/.exec(text);
  if (!match) return undefined;
  const [data, iv, tag] = match.slice(1, 4).map((part) => Buffer.from(part, "base64"));
  if (!data || !iv || tag?.length !== 16) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(boundTo)).setAuthTag(tag);
    return typed(Buffer.concat([decipher.update(data), decipher.final()]), match[4] ?? "");
  } catch {
    return undefined;
  }
}

function checkMac({ mac, lastModified }: SopsMetadata, key: Buffer, digest: Buffer): void {
  if (mac === "") throw tampered("it has no MAC");
  const told = open(mac, key, lastModified);
  const expected = Buffer.from(typeof told === "string" ? told : "", "hex");
  if (expected.length !== digest.length || !timingSafeEqual(expected, digest))
    throw tampered("its MAC is not that of its values");
}

const tampered = (what: string): HavnError =>
  new HavnError(`It was changed without SOPS: ${what}`, {
    detail: "Take the file back from where it was whole, and change it with `sops edit`.",
    status: 400,
  });
