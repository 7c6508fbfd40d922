import { durationText, HavnError, parseDuration } from "@havn/model";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { urlProperty } from "../running.ts";
import { absolutePath, accountName, fileMode, textProperty } from "../text.ts";
import { type Attributes, type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const downloadSchema = z.strictObject({
  path: absolutePath.describe("where the file stands on the host"),
  url: urlProperty.describe("where it is fetched from, by the host itself: http or https"),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected 64 hex digits, as sha256sum prints them")
    .describe("what it must be; a file that is this already is not fetched again"),
  owner: accountName.optional().describe("left as it is when absent; the agent's user for a new file"),
  group: accountName.optional().describe("left as it is when absent; the agent's group for a new file"),
  mode: fileMode.default("0644").describe("octal permissions"),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), textProperty)
    .default({})
    .describe("sent along, to the URL's own server only"),
  timeout: durationText.default("1m").describe("how long the server may be silent"),
});
export type DownloadProperties = Attributes & {
  path: string;
  url: string;
  sha256: string;
  headers: Record<string, string>;
  timeout: string;
};

export type DownloadObserved =
  | { kind: "absent" }
  | { kind: "directory" | "link" | "other" }
  | ({ kind: "file"; sha256: string } & Required<Attributes>);

const download: ResourceDefinition<DownloadProperties, DownloadObserved> = {
  type: "download",
  schema: downloadSchema,
  plan: planDownload,
  paths: ({ path }) => [path],
  keeps: ({ path }) => [path],
};
export default download;

function planDownload(observed: DownloadObserved, desired: DownloadProperties, wanted: Wanted): HostPlan {
  const { path, url, sha256, owner, group, mode, headers, timeout } = desired;
  if (observed.kind !== "absent" && observed.kind !== "file")
    throw new HavnError(`${path} is there and is no file`, {
      detail: "Move away what is there, or choose another path.",
    });
  if (wanted === "absent")
    return observed.kind === "absent"
      ? unchanged
      : {
          action: "delete",
          changes: [{ property: "sha256", before: observed.sha256 }],
          operations: [{ kind: "remove file", path }],
        };
  const attributes = { owner, group, mode };
  const isThere = observed.kind === "file" && observed.sha256 === sha256;
  const changes = attributeChanges(observed.kind === "file" ? observed : {}, attributes);
  if (isThere)
    return changes.length === 0
      ? unchanged
      : { action: "update", changes, operations: [{ kind: "set attributes", path, attributes }] };
  const before = observed.kind === "file" ? { before: observed.sha256 } : {};
  const timeoutMs = parseDuration(timeout);
  return {
    action: observed.kind === "absent" ? "create" : "update",
    changes: [{ property: "sha256", ...before, after: sha256 }, ...changes],
    operations: [{ kind: "download", url, sha256, path, attributes, headers, timeoutMs }],
  };
}
