import { HavnError } from "@havn/model";
import { z } from "zod";
import { absolutePath, accountName } from "../text.ts";
import { type Attributes, type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const archiveSchema = z.strictObject({
  path: absolutePath.describe("the directory that it is unpacked into; made if it is not there"),
  source: absolutePath.describe("the archive on the host, such as a download's path"),
  format: z
    .enum(["tar", "zip"])
    .optional()
    .describe("by its name's ending when absent; how a tar is compressed is found out"),
  creates: absolutePath.optional().describe("it counts as unpacked only while this path is there"),
  strip: z.number().int().min(0).default(0).describe("how many leading parts of every name are left out"),
  exclude: z.array(z.string()).default([]).describe('names that are left out, such as "*.md"'),
  owner: accountName.optional().describe("owner of all that is unpacked; the agent's user when absent"),
  group: accountName.optional().describe("group of all that is unpacked; the agent's group when absent"),
});
export type ArchiveProperties = z.output<typeof archiveSchema>;

/** What was unpacked last: which archive, and how. `made`: the directory was not there before. */
export interface Unpacked {
  sha256: string;
  how: string;
  made: boolean;
}

export interface ArchiveObserved {
  /** Of the archive; undefined where it is not there. */
  sha256?: string | undefined;
  destination: "absent" | "directory" | "other";
  /** Of the path that unpacking creates; true where none is named. */
  created: boolean;
  unpacked?: Unpacked | undefined;
}

const archive: ResourceDefinition<ArchiveProperties, ArchiveObserved> = {
  type: "archive",
  schema: archiveSchema,
  opaque: true,
  plan: planArchive,
  paths: ({ path, source, creates }) => [path, source, ...(creates === undefined ? [] : [creates])],
};
export default archive;

function planArchive(observed: ArchiveObserved, desired: ArchiveProperties, wanted: Wanted): HostPlan {
  const { path, source, strip, exclude, owner, group } = desired;
  const { sha256, destination, created, unpacked } = observed;
  if (wanted === "absent") {
    // Into a folder that was there, nobody knows what came from the archive alone.
    if (destination !== "directory" || !unpacked?.made) return unchanged;
    return {
      action: "delete",
      changes: [{ property: "path", before: path }],
      operations: [{ kind: "remove tree", path }],
    };
  }
  const how = JSON.stringify({ strip, exclude, owner, group });
  const isUnpacked = unpacked?.how === how && destination === "directory" && created;
  // An archive that was deleted after it was unpacked is none that changed.
  if (isUnpacked && (sha256 === undefined || unpacked.sha256 === sha256)) return unchanged;
  if (destination === "other")
    throw new HavnError(`${path} is there and is no directory`, {
      detail: "Move it away, or choose another path.",
    });
  if (sha256 === undefined)
    throw new HavnError(`The archive ${source} is not there`, {
      detail: "Depend on the download that fetches it, or correct its path.",
    });
  const format = desired.format ?? (source.toLowerCase().endsWith(".zip") ? "zip" : "tar");
  const made = unpacked?.made ?? destination === "absent";
  const attributes: Attributes = { owner, group };
  return {
    action: destination === "absent" ? "create" : "update",
    changes: [
      {
        property: "sha256",
        ...(unpacked && { before: unpacked.sha256 }),
        after: sha256,
      },
    ],
    operations: [
      ...(destination === "absent"
        ? [{ kind: "make directory" as const, path, attributes: { owner, group, mode: "0755" } }]
        : []),
      { kind: "unpack", archive: source, path, format, strip, exclude, attributes },
      { kind: "note", value: { sha256, how, made } satisfies Unpacked },
    ],
  };
}
