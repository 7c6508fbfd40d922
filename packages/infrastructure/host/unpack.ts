import { lchown } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { ownerIds } from "./attributes.ts";
import { mustRun } from "./commands.ts";
import { findStats } from "./files.ts";
import { checkWay, withWay } from "./way.ts";
import { namesInZip, unpackZip } from "./zip.ts";

type Unpack = Operation & { kind: "unpack" };

/** Every name is looked at before the first is written. */
export async function unpack(operation: Unpack): Promise<void> {
  const { archive, path, format, attributes } = operation;
  await checkWay(archive);
  await checkWay(`${path}/any`);
  if (!(await findStats(path))?.isDirectory())
    throw new HavnError(`${path} is no directory`, {
      detail: "An archive is unpacked into a directory. Declare it and depend on it.",
    });
  const names = format === "zip" ? await unpackZip(operation) : await unpackTar(operation);
  const { uid, gid } = await ownerIds(attributes);
  if (uid === undefined && gid === undefined) return;
  for (const name of names) {
    await withWay(join(path, name), async (at) => {
      const found = await findStats(at);
      if (found) await lchown(at, uid ?? found.uid, gid ?? found.gid);
    });
  }
}

/** Of what it would write, the first `strip` parts off. Changes nothing. */
export const namesIn = async (operation: Unpack): Promise<string[]> =>
  operation.format === "zip"
    ? namesInZip(operation)
    : (await listTar(operation)).flatMap((name) => stripped(name, operation.strip) ?? []);

async function listTar({ archive, exclude }: Unpack): Promise<string[]> {
  const listed = await mustRun([
    ...["tar", "--list", "--quoting-style=literal", ...excludesOf(exclude)],
    ...["--file", archive],
  ]);
  return listed.stdout.split("\n").filter(Boolean);
}

const excludesOf = (exclude: readonly string[]): string[] => exclude.map((pattern) => `--exclude=${pattern}`);

/** GNU tar finds out by itself how it is compressed. Gives the names that were written, the first `strip` parts off. */
async function unpackTar(operation: Unpack): Promise<string[]> {
  const { archive, path, strip, exclude } = operation;
  const names = await listTar(operation);
  for (const name of names) checkName(name, archive);
  // tar writes through a link to a folder that stands on the way of a name.
  const written = names.flatMap((name) => stripped(name, strip) ?? []);
  for (const name of written) await checkWay(join(path, name));
  await mustRun([
    ...["tar", "--extract", "--no-same-owner", "--unlink-first", `--strip-components=${strip}`],
    ...excludesOf(exclude),
    ...["--directory", path, "--file", archive],
  ]);
  return written;
}

export function checkName(name: string, archive: string): void {
  if (!name.startsWith("/") && !name.split("/").includes("..") && !name.includes("\0")) return;
  throw new HavnError(`${archive} holds "${name}", which leads out of the folder`, {
    detail: "Nothing was unpacked. Do not trust this archive.",
  });
}

/** Undefined where nothing of the name is left. */
export function stripped(name: string, strip: number): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length > strip ? parts.slice(strip).join("/") : undefined;
}
