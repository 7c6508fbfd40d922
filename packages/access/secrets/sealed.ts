import { createHash } from "node:crypto";
import { HavnError, type SealedFile } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { decryptAge, type OpenedSops, openSops } from "@havn/sops";
import type { Identities } from "./identities.ts";
import { findSealedValue, listSealedValues } from "./store.ts";

/** An encrypted file, opened: whatever its form, a value at a path. An age file is one value, at the empty path. */
export type OpenedFile = OpenedSops;

export const digestOf = ({ text }: Pick<SealedFile, "text">): string =>
  createHash("sha256").update(text).digest("hex");

export async function openFile(
  { format, text }: Pick<SealedFile, "format" | "text">,
  identities: Identities,
): Promise<OpenedFile> {
  const own = await identities.read();
  if (format !== "age") return openSops(text, format, own);
  const value = Buffer.from(await decryptAge(text, own)).toString("utf8");
  return { find: (path) => (path.length === 0 ? value : undefined) };
}

/** Files that are being opened now: hosts that need the same one at the same time share it, and then it is forgotten. */
const opening = new Map<string, Promise<OpenedFile>>();

/** Opens one value at the moment when it is sent. Throws a HavnError (409) that names it. */
export async function openSealed(
  { sql, identities }: { sql: Sql; identities: Identities },
  { environment, name, id }: { environment: string; name: string; id: string },
): Promise<string> {
  const row = await findSealedValue(sql, environment, id);
  if (!row)
    throw new HavnError(`The ciphertext of "${name}" in ${environment} is not here`, {
      detail: "It travels with a plan. Plan again.",
      status: 409,
    });
  const open = opening.get(row.digest) ?? openFile({ format: row.format, text: row.content }, identities);
  opening.set(row.digest, open);
  try {
    const value = (await open).find(row.path);
    if (value !== undefined) return value;
    throw new HavnError("It has no value there", { status: 409 });
  } catch (cause) {
    if (!(cause instanceof HavnError)) throw cause;
    throw new HavnError(`"${name}" of ${environment} does not open: ${cause.message}`, {
      detail: cause.detail,
      status: 409,
    });
  } finally {
    opening.delete(row.digest);
  }
}

/** All values of an environment that stand in encrypted files. Those of files that open no more were sent to nobody since. */
export async function sealedValues(
  { sql, identities }: { sql: Sql; identities: Identities },
  environment: string,
): Promise<string[]> {
  const byFile = Map.groupBy(await listSealedValues(sql, environment), ({ digest }) => digest);
  const values: string[] = [];
  for (const rows of byFile.values()) {
    const [first] = rows;
    if (!first) continue;
    try {
      const opened = await openFile({ format: first.format, text: first.content }, identities);
      values.push(...rows.flatMap(({ path }) => opened.find(path) ?? []));
    } catch (error) {
      if (!(error instanceof HavnError)) throw error;
    }
  }
  return values;
}
