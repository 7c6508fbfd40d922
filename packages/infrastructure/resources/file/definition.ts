import { createHash } from "node:crypto";
import { HavnError, type PropertyChange } from "@havn/model";
import { propertyChange } from "@havn/plan";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { absolutePath, accountName, fileMode, textProperty } from "../text.ts";
import {
  type Attributes,
  type HostPlan,
  type Operation,
  type ResourceDefinition,
  unchanged,
  type Wanted,
} from "../type.ts";

/** In bytes; what is larger is better fetched by the hosts from where it lies. */
const largestSource = 1024 ** 3;

export const fileSchema = z
  .strictObject({
    path: absolutePath.describe("where it stands on the host"),
    content: textProperty.default("").describe("the whole content"),
    base64: z
      .base64()
      .max(8 * 1024 * 1024)
      .optional()
      .describe("the whole content as base64, for what is no text; compared and shown by its sha256"),
    source: z
      .strictObject({
        path: z.string().optional().describe("as it was written, beside the configuration"),
        digest: z
          .string()
          .regex(/^([0-9a-f]{64})?$/, "expected 64 hexadecimal digits")
          .describe("sha256 of the whole content; empty until the command line has read it"),
        size: z.number().int().min(0).max(largestSource).describe("in bytes"),
      })
      .optional()
      .meta({
        written: "text",
        description:
          "path of a file beside the configuration that is the whole content, at most 1 GiB; what is larger than 4 MiB, or no text, is compared and shown by its size and sha256",
      }),
    touch: z
      .boolean()
      .default(false)
      .describe("true: it must be there, with whatever content; an empty one is made where there is none"),
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
    backup: z
      .boolean()
      .default(false)
      .describe(
        "true: what Havn replaces is kept on the host, and the first of it put back when the file is no longer declared",
      ),
    absent: z.boolean().default(false).describe("true: the file must not be there"),
  })
  .refine(
    ({ content, base64, source, touch }) =>
      [content !== "", base64 !== undefined, source !== undefined, touch].filter(Boolean).length <= 1,
    { message: "expected one of content, base64, source and touch" },
  );
export type FileProperties = Omit<z.output<typeof fileSchema>, "content"> & { content: string };

/** Kept copies of what Havn replaced, where they are wanted. */
interface Copies {
  copies?: { directory: string; any: boolean };
}

export type FileObserved =
  | ({ kind: "absent" } & Copies)
  | { kind: "directory" }
  | ({ kind: "link" | "other" } & Required<Attributes> & Copies)
  /**
   * `content` is undefined for what is no UTF-8 text of at most 4 MiB, and where it was not read: then `digest` (sha256)
   * is there, unless any content will do.
   */
  | ({ kind: "file"; content: string | undefined; digest?: string; size?: number } & Required<Attributes> &
      Copies);

const file: ResourceDefinition<FileProperties, FileObserved> = {
  type: "file",
  schema: fileSchema,
  plan: planFile,
  paths: ({ path }) => [path],
  keeps: ({ path, touch }) => (touch ? [] : [path]),
};
export default file;

function planFile(observed: FileObserved, desired: FileProperties, wanted: Wanted): HostPlan {
  const { path, owner, group, mode } = desired;
  if (observed.kind === "directory")
    throw new HavnError(`${path} is a directory`, {
      detail: "Havn does not replace a directory by a file. Move it away or choose another path.",
    });
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired, wanted);
  if (desired.source?.digest === "")
    throw new HavnError(`Nobody has read what ${path} shall hold`, {
      detail: "Its source has no digest: let `havn plan` read the file beside the configuration.",
    });
  const attributes = { owner, group, mode };
  const write = writeOf(desired);
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: [...contentChange(observed, desired), ...attributeChanges({}, attributes)],
      operations: [write],
    };
  if (observed.kind !== "file")
    return {
      action: "replace",
      changes: [
        { property: "kind", before: observed.kind, after: "file" },
        ...contentChange(observed, desired),
      ],
      operations: [{ kind: "remove file", path }, write],
    };
  const changes = attributeChanges(observed, attributes);
  if (!hasContent(observed, desired))
    return {
      action: "update",
      changes: [...contentChange(observed, desired), ...changes],
      operations: [...keepCopy(observed, path), write],
    };
  if (changes.length === 0) return unchanged;
  return { action: "update", changes, operations: [{ kind: "set attributes", path, attributes }] };
}

function writeOf(desired: FileProperties): Operation {
  const { path, content, base64, source, validate, owner, group, mode } = desired;
  const rest = { path, attributes: { owner, group, mode }, ...(validate && { validate }) };
  if (source) return { kind: "fetch", sha256: source.digest, size: source.size, ...rest };
  return base64 === undefined
    ? { kind: "write", content, ...rest }
    : { kind: "write", content: base64, encoding: "base64", ...rest };
}

function hasContent(observed: FileObserved & { kind: "file" }, desired: FileProperties): boolean {
  if (desired.touch) return true;
  const digest = bytesOf(desired)?.digest;
  return digest === undefined ? observed.content === desired.content : observed.digest === digest;
}

function contentChange(observed: FileObserved, desired: FileProperties): PropertyChange[] {
  const { content, touch } = desired;
  if (touch) return [{ property: "content", after: "" }];
  const bytes = bytesOf(desired);
  if (bytes) {
    const before =
      observed.kind === "file" && observed.digest
        ? describeBytes({ digest: observed.digest, size: observed.size })
        : undefined;
    const property = desired.source ? "source" : "base64";
    return [{ property, ...(before !== undefined && { before }), after: describeBytes(bytes) }];
  }
  const before = observed.kind === "file" ? (observed.content ?? "(not text)") : "";
  return [propertyChange("content", before, content)];
}

/** Of what is compared by its digest, not as text. */
function bytesOf({ base64, source }: FileProperties): { digest: string; size: number } | undefined {
  if (base64 === undefined) return source;
  const bytes = Buffer.from(base64, "base64");
  return { digest: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
}

const describeBytes = ({ digest, size = 0 }: { digest: string; size?: number | undefined }): string =>
  `binary, ${size} bytes, sha256 ${digest.slice(0, 12)}`;

const keepCopy = (observed: FileObserved, path: string): Operation[] =>
  "copies" in observed && observed.copies
    ? [{ kind: "keep copy", path, directory: observed.copies.directory }]
    : [];

/** What stood there before Havn came stands there again, where a copy of it was kept. */
function planRemoval(observed: FileObserved, { path }: FileProperties, wanted: Wanted): HostPlan {
  const copies = "copies" in observed ? observed.copies : undefined;
  if (wanted === "absent" && copies?.any)
    return {
      action: "delete",
      changes: [{ property: "content", after: "(the copy that was kept)" }],
      operations: [{ kind: "restore copy", path, directory: copies.directory }],
    };
  if (observed.kind === "absent") return unchanged;
  const gone: PropertyChange =
    observed.kind === "file" && observed.content !== undefined
      ? propertyChange("content", observed.content, "")
      : { property: "kind", before: observed.kind };
  return {
    action: "delete",
    changes: [gone],
    operations: [...keepCopy(observed, path), { kind: "remove file", path }],
  };
}
