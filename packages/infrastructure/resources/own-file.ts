import { propertyChange } from "@havn/plan";
import { attributeChanges } from "./attributes.ts";
import { nothing, type Part } from "./parts.ts";
import type { Attributes } from "./type.ts";

/** A whole file that a type keeps for a resource: read by `readOwnFile`; undefined where it is not there. */
export type OwnFile = ({ content: string } & Required<Attributes>) | undefined;

interface WantedFile {
  path: string;
  content: string;
  attributes?: Attributes;
  validate?: string[];
  /** Name of the property that a person sees. Default: "content". */
  property?: string;
}

const rootFile: Attributes = { owner: "root", group: "root", mode: "0644" };

export function writeOwnFile(observed: OwnFile, wanted: WantedFile): Part {
  const { path, content, attributes = rootFile, validate, property = "content" } = wanted;
  const changes = observed ? attributeChanges(observed, attributes) : [];
  if (observed?.content !== content)
    return {
      changes: [propertyChange(property, observed?.content ?? "", content), ...changes],
      operations: [{ kind: "write", path, content, attributes, ...(validate && { validate }) }],
    };
  if (changes.length === 0) return nothing;
  return { changes, operations: [{ kind: "set attributes", path, attributes }] };
}

export function removeOwnFile(observed: OwnFile, path: string, property = "content"): Part {
  if (!observed) return nothing;
  return {
    changes: [propertyChange(property, observed.content, "")],
    operations: [{ kind: "remove file", path }],
  };
}
