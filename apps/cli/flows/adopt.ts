import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { HavnError } from "@havn/model";
import type { AdoptionAnswer } from "../api/schemas.ts";

/** What `havn adopt` writes begins with this: only such a file is replaced. */
const beginning = "// Written by `havn adopt ";

/**
 * Writes the module and what stands beside it, the module last. Throws a HavnError, with nothing written, where a file of
 * somebody else stands in its place.
 */
export async function writeAdoption(
  { text, files }: Pick<AdoptionAnswer, "text" | "files">,
  { file, cwd }: { file: string; cwd: string },
): Promise<{ file: string; files: string[] }> {
  const target = resolve(cwd, file);
  if (!target.endsWith(".ts"))
    throw new HavnError(`${file} is no name of a TypeScript file`, {
      detail: "Let it end with .ts.",
      status: 400,
    });
  const there = await readFile(target, "utf8").catch(() => undefined);
  if (there !== undefined && !there.startsWith(beginning))
    throw new HavnError(`${file} is there already, and \`havn adopt\` did not write it`, {
      detail: "Nothing was written. Choose another name.",
      status: 409,
    });
  const home = dirname(target);
  for (const { path, content, encoding } of files) {
    const place = resolve(home, path);
    if (!place.startsWith(home + sep))
      throw new HavnError(`The server named a file outside of ${home}: ${path}`);
    await mkdir(dirname(place), { recursive: true });
    await replaceFile(place, Buffer.from(content, encoding));
  }
  await mkdir(home, { recursive: true });
  await replaceFile(target, Buffer.from(text));
  return { file: relative(cwd, target), files: files.map(({ path }) => relative(cwd, join(home, path))) };
}

/** Contents of configuration files are nobody's business but the owner's. */
async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}
