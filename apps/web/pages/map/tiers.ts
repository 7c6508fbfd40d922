import type {
  BalancerStatus,
  EnvironmentStatus,
  HostStatus,
  InstanceStatus,
  ResourceGraph,
} from "@havn/model";

export interface MapHost {
  host: HostStatus;
  balancers: BalancerStatus[];
  instances: InstanceStatus[];
  /** Declared resources that live on it, by type. */
  resources: Map<string, number>;
}

/** `from` and `to` name nodes of the diagram: `clients`, `host:NAME`, `balancer:NAME`, `instance:ID`. */
export interface MapEdge {
  from: string;
  to: string;
  /** Instances whose traffic it carries; none for a dependency. */
  carries: InstanceStatus[];
  well: boolean;
}

export interface MapModel {
  /** Left to right: where requests come in, where they are served, what the servers need. */
  tiers: MapHost[][];
  edges: MapEdge[];
}

/** Lays hosts out by what they do, and finds who talks to whom. */
export function layOut(status: EnvironmentStatus, graph: ResourceGraph | undefined): MapModel {
  const hosts = status.hosts.map((host) => mapHost(host, status, graph));
  const entrance = hosts.filter(({ balancers }) => balancers.length > 0);
  const serving = hosts.filter((one) => one.balancers.length === 0 && one.instances.length > 0);
  const behind = hosts.filter((one) => one.balancers.length === 0 && one.instances.length === 0);
  return {
    tiers: [entrance, serving, behind].filter((tier) => tier.length > 0),
    edges: [...trafficEdges(status), ...dependencyEdges(status, graph)],
  };
}

function mapHost(host: HostStatus, status: EnvironmentStatus, graph: ResourceGraph | undefined): MapHost {
  const resources = new Map<string, number>();
  for (const resource of graph?.resources ?? [])
    if (resource.host === host.name) resources.set(resource.type, (resources.get(resource.type) ?? 0) + 1);
  return {
    host,
    balancers: status.balancers.filter((balancer) => balancer.host.split("/").at(-1) === host.name),
    instances: status.services.flatMap((service) =>
      service.instances.filter((one) => one.host === host.name),
    ),
    resources,
  };
}

function trafficEdges(status: EnvironmentStatus): MapEdge[] {
  const edges: MapEdge[] = [];
  const balanced = new Set<string>();
  for (const balancer of status.balancers) {
    const service = status.services.find(({ name }) => name === balancer.service);
    const instances = service?.instances ?? [];
    balanced.add(balancer.service);
    edges.push({ from: "clients", to: `balancer:${balancer.name}`, carries: instances, well: true });
    for (const instance of instances) {
      const slot = balancer.slots.find((one) => one.instance === instance.id);
      if (slot) edges.push(edgeTo(`balancer:${balancer.name}`, instance, isUp(slot.state)));
    }
  }
  for (const service of status.services)
    if (!balanced.has(service.name))
      for (const instance of service.instances) edges.push(edgeTo("clients", instance, true));
  return edges;
}

const edgeTo = (from: string, instance: InstanceStatus, up: boolean): MapEdge => ({
  from,
  to: `instance:${instance.id}`,
  carries: [instance],
  well: up && instance.health !== "unhealthy",
});

/** HAProxy says UP, "UP 1/2" on its way down, "no check"; DOWN, MAINT and DRAIN take no new requests. */
export const isUp = (state: string): boolean => /^(up|no check|ready)/i.test(state);

function dependencyEdges(status: EnvironmentStatus, graph: ResourceGraph | undefined): MapEdge[] {
  const names = new Set(status.hosts.map(({ name }) => name));
  const byAddress = new Map(graph?.resources.map((resource) => [resource.address, resource]));
  const edges = new Map<string, MapEdge>();
  for (const service of status.services) {
    const declared = byAddress.get(service.address);
    if (!declared) continue;
    const own = new Set(service.instances.map(({ host }) => host));
    const needed = [
      ...hostReferences(declared.properties),
      ...declared.dependsOn.flatMap((address) => byAddress.get(address)?.host ?? []),
    ];
    for (const to of needed)
      for (const from of own)
        if (names.has(to) && !own.has(to))
          edges.set(`${from} ${to}`, { from: `host:${from}`, to: `host:${to}`, carries: [], well: true });
  }
  return [...edges.values()];
}

/** Names of the hosts that a declaration refers to (`{ $host: "db-1", … }`), however deep. */
export function hostReferences(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(hostReferences);
  if (typeof value !== "object" || value === null) return [];
  if ("$host" in value && typeof value.$host === "string") return [value.$host];
  return Object.values(value).flatMap(hostReferences);
}
