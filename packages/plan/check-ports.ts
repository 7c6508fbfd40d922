import type { Diagnostic, Resource, ResourceGraph } from "@havn/model";
import { formatLocation } from "@havn/model";
import { errorAt } from "./error-at.ts";

/**
 * No two may listen on one port of one host. A service behind a balancer takes two ports, `port` and `port + 1`: during
 * a rollout the old and the new release run side by side.
 */
export function checkPorts(graph: ResourceGraph, diagnostics: Diagnostic[]): void {
  const balanced = new Set(
    graph.resources.filter(({ type }) => type === "balancer").map(({ properties }) => properties.service),
  );
  const taken = new Map<string, Resource>();
  for (const resource of graph.resources) {
    for (const { host, port } of listensOn(resource, balanced.has(resource.name))) {
      const key = `${host}:${port}`;
      const earlier = taken.get(key);
      if (!earlier) taken.set(key, resource);
      else if (earlier.address !== resource.address) {
        diagnostics.push(portTaken(resource, earlier, { host, port }));
        break;
      }
    }
  }
}

function listensOn(resource: Resource, balanced: boolean): { host: string; port: number }[] {
  const { port, host, hosts } = resource.properties;
  if (typeof port !== "number") return [];
  if (resource.type === "balancer" && typeof host === "string") return [{ host, port }];
  if (resource.type === "service" && Array.isArray(hosts))
    return hosts.flatMap((name: string) =>
      balanced
        ? [
            { host: name, port },
            { host: name, port: port + 1 },
          ]
        : [{ host: name, port }],
    );
  return [];
}

function portTaken(
  resource: Resource,
  earlier: Resource,
  { host, port }: { host: string; port: number },
): Diagnostic {
  const where = earlier.location ? ` (${formatLocation(earlier.location)})` : "";
  return errorAt(
    resource,
    `Port ${port} of host "${host}" is taken twice`,
    `${earlier.type} "${earlier.name}"${where} listens there too. Give one of them another port.` +
      (resource.type === "service" || earlier.type === "service"
        ? " A service behind a balancer takes its port and the next one."
        : ""),
  );
}
