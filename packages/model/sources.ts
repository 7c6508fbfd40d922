import type { Address } from "./address.ts";
import type { ResourceGraph } from "./graph.ts";

/**
 * A copy of `graph` in which every service's source carries its digest. `digests` has one for each service's address.
 */
export function withSourceDigests(
  graph: ResourceGraph,
  digests: ReadonlyMap<Address, string>,
): ResourceGraph {
  const resources = graph.resources.map((resource) => {
    const digest = digests.get(resource.address);
    if (resource.type !== "service" || digest === undefined) return resource;
    const source = resource.properties.source as { path: string };
    return { ...resource, properties: { ...resource.properties, source: { ...source, digest } } };
  });
  return { ...graph, resources };
}
