import { HavnError, type PropertyChange } from "@havn/model";
import { propertyChange } from "@havn/plan";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { absolutePath, accountName, fileMode, textProperty } from "../text.ts";
import { type Attributes, type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const fileSchema = z.strictObject({
  path: absolutePath.describe("where it stands on the host"),
  content: textProperty.default("").describe("the whole content"),
  owner: accountName.optional().describe("left as it is when absent; the agent's user for a new file"),
  group: accountName.optional().describe("left as it is when absent; the agent's group for a new file"),
  mode: fileMode.default("0644").describe("octal permissions"),
  validate: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'command that must accept the new file before it takes its place; its word "%s" is that file\'s path',
    ),
  absent: z.boolean().default(false).describe("true: the file must not be there"),
});
export type FileProperties = Omit<z.output<typeof fileSchema>, "content"> & { content: string };

export type FileObserved =
  | { kind: "absent" }
  | { kind: "directory" }
  | ({ kind: "link" | "other" } & Required<Attributes>)
  /** `content` is undefined for what is no UTF-8 text of at most 4 MiB. */
  | ({ kind: "file"; content: string | undefined } & Required<Attributes>);

export const file: ResourceDefinition<FileProperties, FileObserved> = {
  type: "file",
  schema: fileSchema,
  plan: planFile,
};
export default file;

function planFile(observed: FileObserved, desired: FileProperties, wanted: Wanted): HostPlan {
  const { path, content, validate, owner, group, mode } = desired;
  if (observed.kind === "directory")
    throw new HavnError(`${path} is a directory`, {
      detail: "Havn does not replace a directory by a file. Move it away or choose another path.",
    });
  if (desired.absent || wanted === "absent") return planRemoval(observed, path);
  const attributes = { owner, group, mode };
  const write = { kind: "write" as const, path, content, attributes, ...(validate && { validate }) };
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: [propertyChange("content", "", content), ...attributeChanges({}, attributes)],
      operations: [write],
    };
  if (observed.kind !== "file")
    return {
      action: "replace",
      changes: [
        { property: "kind", before: observed.kind, after: "file" },
        propertyChange("content", "", content),
      ],
      operations: [{ kind: "remove file", path }, write],
    };
  const changes = attributeChanges(observed, attributes);
  if (observed.content !== content) {
    const before = observed.content ?? "(not text)";
    return {
      action: "update",
      changes: [propertyChange("content", before, content), ...changes],
      operations: [write],
    };
  }
  if (changes.length === 0) return unchanged;
  return { action: "update", changes, operations: [{ kind: "set attributes", path, attributes }] };
}

function planRemoval(observed: FileObserved, path: string): HostPlan {
  if (observed.kind === "absent") return unchanged;
  const gone: PropertyChange =
    observed.kind === "file" && observed.content !== undefined
      ? propertyChange("content", observed.content, "")
      : { property: "kind", before: observed.kind };
  return { action: "delete", changes: [gone], operations: [{ kind: "remove file", path }] };
}
