import type { Address } from "./address.ts";
import type { ResourceGraph } from "./graph.ts";

/** What the command line reads of a source: a service's folder, or a file that is too large for a graph. */
export interface ReadSource {
  digest: string;
  /** In bytes, of a file. */
  size?: number;
}

/** A copy of `graph` in which every source carries its digest. `sources` has one for each address that has a source. */
export function withSourceDigests(
  graph: ResourceGraph,
  sources: ReadonlyMap<Address, ReadSource>,
): ResourceGraph {
  const resources = graph.resources.map((resource) => {
    const read = sources.get(resource.address);
    if (!read) return resource;
    const source = resource.properties.source as { path: string };
    return { ...resource, properties: { ...resource.properties, source: { ...source, ...read } } };
  });
  return { ...graph, resources };
}
