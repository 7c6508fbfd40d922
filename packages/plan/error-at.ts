import type { Diagnostic, Resource } from "@havn/model";

/** An error about `resource`, told where it was written. */
export function errorAt(resource: Resource, summary: string, detail: string): Diagnostic {
  return {
    severity: "error",
    summary,
    detail,
    address: resource.address,
    ...(resource.location && { at: resource.location }),
  };
}
