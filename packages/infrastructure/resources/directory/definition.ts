import { HavnError, type PropertyChange } from "@havn/model";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import type { Part } from "../parts.ts";
import { absolutePath, accountName, fileMode } from "../text.ts";
import {
  type Attributes,
  type HostPlan,
  type Operation,
  type ResourceDefinition,
  unchanged,
  type Wanted,
} from "../type.ts";

export const directorySchema = z.strictObject({
  path: absolutePath.describe("where it stands on the host"),
  owner: accountName.optional().describe("left as it is when absent; the agent's user for a new directory"),
  group: accountName.optional().describe("left as it is when absent; the agent's group for a new directory"),
  mode: fileMode.default("0755").describe("octal permissions"),
  absent: z
    .boolean()
    .default(false)
    .describe("true: the directory must not be there; one that is not empty is an error"),
  recurse: z
    .boolean()
    .default(false)
    .describe("true: owner and group hold for everything in it too, and with absent it goes with everything"),
  fileMode: fileMode
    .optional()
    .describe("octal permissions of all files in it; left as they are when absent"),
  directoryMode: fileMode
    .optional()
    .describe("octal permissions of all directories in it; left as they are when absent"),
  purge: z.boolean().default(false).describe("true: what is in it and is not declared is removed"),
  declared: z
    .array(absolutePath)
    .default([])
    .describe("paths in it that other resources declare: spared when it is purged, and left to them"),
});
export type DirectoryProperties = z.output<typeof directorySchema>;

export type DirectoryObserved =
  | { kind: "absent" }
  | { kind: "other" }
  /** `ours`: Havn made it. */
  | ({ kind: "directory"; ours: boolean; below?: Child[] } & Required<Attributes>);

/** What is in it and not declared, by its full path; folders before what is in them. */
export interface Child extends Required<Attributes> {
  path: string;
  kind: "file" | "directory" | "link" | "other";
}

const directory: ResourceDefinition<DirectoryProperties, DirectoryObserved> = {
  type: "directory",
  schema: directorySchema,
  plan: planDirectory,
  paths: ({ path }) => [path],
  watches: ({ path, recurse, purge }) => (recurse || purge ? [`${path}/`] : []),
};
export default directory;

function planDirectory(observed: DirectoryObserved, desired: DirectoryProperties, wanted: Wanted): HostPlan {
  const { path, owner, group, mode } = desired;
  if (observed.kind === "other")
    throw new HavnError(`${path} is not a directory`, {
      detail: "Havn does not replace a file by a directory. Move it away or choose another path.",
    });
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  const attributes = { owner, group, mode };
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: attributeChanges({}, attributes),
      operations: [{ kind: "make directory", path, attributes }],
    };
  const changes = attributeChanges(observed, attributes);
  const own: Operation[] = changes.length > 0 ? [{ kind: "set attributes", path, attributes }] : [];
  const below = planBelow(observed.below ?? [], desired);
  if (changes.length + below.changes.length === 0) return unchanged;
  return {
    action: "update",
    changes: [...changes, ...below.changes],
    operations: [...own, ...below.operations],
  };
}

/** How many paths a person sees of a long list. */
const shownPaths = 20;

function planBelow(children: readonly Child[], desired: DirectoryProperties): Part {
  const purged = desired.purge ? children.filter((child) => isPurged(child, desired)) : [];
  const isInPurged = ({ path }: Child) =>
    purged.some((one) => path === one.path || path.startsWith(`${one.path}/`));
  const wrong = children
    .filter((child) => !isInPurged(child))
    .flatMap((child) => {
      const attributes = attributesBelow(child, desired);
      return attributeChanges(child, attributes).length === 0 ? [] : [{ path: child.path, attributes }];
    });
  const tell = (property: string, paths: readonly string[]): PropertyChange[] =>
    paths.length === 0
      ? []
      : [
          {
            property,
            after: [
              ...paths.slice(0, shownPaths),
              ...(paths.length > shownPaths ? [`and ${paths.length - shownPaths} more`] : []),
            ],
          },
        ];
  return {
    changes: [
      ...tell(
        "purge",
        purged.filter((one) => !isNested(one, purged)).map(({ path }) => path),
      ),
      ...tell(
        "recurse",
        wrong.map(({ path }) => path),
      ),
    ],
    operations: [
      ...purged
        .filter((one) => !isNested(one, purged))
        .map(
          ({ path, kind }): Operation =>
            kind === "directory" ? { kind: "remove tree", path } : { kind: "remove file", path },
        ),
      ...wrong.map((one): Operation => ({ kind: "set attributes", ...one })),
    ],
  };
}

/** Neither declared, nor the folder of something that is. */
const isPurged = ({ path }: Child, { declared }: DirectoryProperties): boolean =>
  !declared.some((one) => one === path || one.startsWith(`${path}/`) || path.startsWith(`${one}/`));

const isNested = ({ path }: Child, among: readonly Child[]): boolean =>
  among.some((one) => path.startsWith(`${one.path}/`));

function attributesBelow(
  { kind, path }: Child,
  { recurse, owner, group, fileMode, directoryMode, declared }: DirectoryProperties,
): Attributes {
  if (declared.includes(path)) return {};
  const mode = kind === "file" ? fileMode : kind === "directory" ? directoryMode : undefined;
  return { ...(recurse && { owner, group }), mode };
}

/** One that is merely no longer declared goes only if Havn made it, and stays while something is in it. */
function planRemoval(observed: DirectoryObserved, { path, absent, recurse }: DirectoryProperties): HostPlan {
  if (observed.kind !== "directory" || (!absent && !observed.ours)) return unchanged;
  return {
    action: "delete",
    changes: [{ property: "path", before: path }],
    operations: [
      absent && recurse
        ? { kind: "remove tree", path }
        : { kind: "remove directory", path, keepFull: !absent },
    ],
  };
}
