import { readlink } from "node:fs/promises";
import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { AlternativesObserved, AlternativesProperties } from "./definition.ts";

const reader: ResourceReader<AlternativesProperties, AlternativesObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties: { name, path } }): Promise<AlternativesObserved> => {
        const group = parseGroup(await findText(`/var/lib/dpkg/alternatives/${name}`, host));
        const before = host.before(address) as AlternativesObserved["before"];
        return {
          ...group,
          current: await readlink(`/etc/alternatives/${name}`).catch(() => ""),
          registered: group.choices.includes(path),
          ...(before && { before }),
        };
      }),
    ),
};
export default reader;

/**
 * dpkg's record of a group: its status, its link, pairs of lines (name, link) of those that follow it up to an empty
 * line, then for each choice its path, its priority and one line for each that follows.
 */
export function parseGroup(text: string | undefined): Pick<AlternativesObserved, "status" | "choices"> {
  if (text === undefined) return { choices: [] };
  const [status, , ...rest] = text.split("\n");
  const end = rest.indexOf("");
  const each = 2 + end / 2;
  const choices = rest.slice(end + 1).filter((line, index) => line !== "" && index % each === 0);
  return { status: status === "manual" ? "manual" : "auto", choices };
}
