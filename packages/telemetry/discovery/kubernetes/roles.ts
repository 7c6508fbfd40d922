import type { Labels } from "@havn/model";
import type { z } from "zod";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, known, labelName, objectLabels, prefix } from "./labels.ts";
import type { Container, Metadata, Pod } from "./objects.ts";
import * as objects from "./objects.ts";
import type { Objects } from "./store.ts";

/** What the kinds of objects are that a role reads, and the targets that follow from them. */
export interface Cluster {
  nodes?: Objects;
  pods?: Objects;
  services?: Objects;
  endpoints?: Objects;
  endpointslices?: Objects;
  ingresses?: Objects;
  namespaces?: Objects;
}
export type Kind = keyof Cluster;

export interface Attach {
  node?: boolean | undefined;
  namespace?: boolean | undefined;
}

const all = <S extends z.ZodType>(found: Objects | undefined, schema: S): z.output<S>[] =>
  [...(found?.values() ?? [])].flatMap((object) => schema.safeParse(object).data ?? []);

const one = <S extends z.ZodType>(
  found: Objects | undefined,
  key: string,
  schema: S,
): z.output<S> | undefined => (found?.has(key) ? schema.safeParse(found.get(key)).data : undefined);

export function nodeTargets({ nodes }: Cluster): TargetGroup[] {
  return all(nodes, objects.node).flatMap((node) => {
    const order = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];
    const addresses = node.status?.addresses ?? [];
    const first = order.flatMap((type) => addresses.filter((each) => each.type === type))[0];
    if (!first) return [];
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
    const byType = Object.fromEntries(
      addresses
        .toReversed()
        .map(({ type, address }) => [`${prefix}node_address_${labelName(type)}`, address]),
    );
    const target = { __address__: hostPort(first.address, port), instance: node.metadata.name };
    return [{ targets: [{ ...target, ...byType }], labels: nodeLabels(node) }];
  });
}

const nodeLabels = ({ metadata, spec }: z.output<typeof objects.node>): Labels => ({
  ...known({ node_name: metadata.name, node_provider_id: spec?.providerID }),
  ...objectLabels("node", metadata),
});

export function podTargets(cluster: Cluster, attach: Attach): TargetGroup[] {
  return all(cluster.pods, objects.pod).flatMap((pod) => {
    const ip = pod.status?.podIP;
    if (!ip) return [];
    const targets = containersOf(pod).flatMap((each): Labels[] => {
      const ports = each.container.ports ?? [];
      const own = containerLabels(pod, each);
      if (ports.length === 0) return [{ ...own, __address__: hostPort(ip, undefined) }];
      return ports.map((port) => ({
        ...own,
        ...portLabels(port),
        __address__: hostPort(ip, port.containerPort),
      }));
    });
    const labels = {
      ...known({ namespace: pod.metadata.namespace }),
      ...podLabels(pod),
      ...attached(cluster, attach, { node: pod.spec.nodeName, namespace: pod.metadata.namespace }),
    };
    return [{ targets, labels }];
  });
}

const containersOf = (pod: Pod) => [
  ...pod.spec.containers.map((container) => ({ container, init: false })),
  ...(pod.spec.initContainers ?? []).map((container) => ({ container, init: true })),
];

function containerLabels(
  { status }: Pod,
  { container, init }: { container: Container; init: boolean },
): Labels {
  const statuses = (init ? status?.initContainerStatuses : status?.containerStatuses) ?? [];
  const id = statuses.find(({ name }) => name === container.name)?.containerID;
  return known({
    ...{ pod_container_name: container.name, pod_container_image: container.image },
    ...{ pod_container_id: id, pod_container_init: init },
  });
}

const portLabels = (port: {
  name?: string | null | undefined;
  containerPort: number;
  protocol?: string | null | undefined;
}) =>
  known({
    pod_container_port_name: port.name,
    pod_container_port_number: port.containerPort,
    pod_container_port_protocol: port.protocol ?? "TCP",
  });

function podLabels({ metadata, spec, status }: Pod): Labels {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "unknown";
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  return {
    ...known({
      ...{ pod_name: metadata.name, pod_ip: status?.podIP, pod_ready: ready.toLowerCase() },
      ...{ pod_phase: status?.phase, pod_node_name: spec.nodeName, pod_host_ip: status?.hostIP },
      ...{
        pod_uid: metadata.uid,
        pod_controller_kind: controller?.kind,
        pod_controller_name: controller?.name,
      },
    }),
    ...objectLabels("pod", metadata),
  };
}

/** Of the node and the namespace that something is in, where that was asked for. */
function attached(
  { nodes, namespaces }: Cluster,
  attach: Attach,
  of: { node?: string | null | undefined; namespace: string },
): Labels {
  const node = attach.node && of.node ? one(nodes, `/${of.node}`, objects.node) : undefined;
  const namespace = attach.namespace ? one(namespaces, `/${of.namespace}`, objects.anyObject) : undefined;
  return {
    ...(node && nodeLabels(node)),
    ...(namespace && objectLabels("namespace", namespace.metadata)),
  };
}

export function serviceTargets(cluster: Cluster, attach: Attach): TargetGroup[] {
  return all(cluster.services, objects.service).map((service) => {
    const { metadata, spec } = service;
    const host = `${metadata.name}.${metadata.namespace}.svc`;
    const isExternal = spec.type === "ExternalName";
    const targets = (spec.ports ?? []).map((port) => ({
      __address__: hostPort(host, port.port),
      ...known({
        service_port_name: port.name,
        service_port_number: port.port,
        service_port_protocol: port.protocol ?? "TCP",
        service_type: spec.type ?? "ClusterIP",
        ...(isExternal
          ? { service_external_name: spec.externalName }
          : { service_cluster_ip: spec.clusterIP }),
        ...(spec.type === "LoadBalancer" && { service_loadbalancer_ip: spec.loadBalancerIP }),
      }),
    }));
    return {
      targets,
      labels: {
        ...serviceLabels(metadata),
        ...attached(cluster, attach, { namespace: metadata.namespace }),
      },
    };
  });
}

const serviceLabels = (metadata: Metadata): Labels => ({
  ...known({ namespace: metadata.namespace, service_name: metadata.name }),
  ...objectLabels("service", metadata),
});

interface Reference {
  kind?: string | null | undefined;
  name?: string | null | undefined;
  namespace?: string | null | undefined;
}

export function endpointsTargets(cluster: Cluster, attach: Attach): TargetGroup[] {
  return all(cluster.endpoints, objects.endpoints).map((endpoints) => {
    const { metadata } = endpoints;
    const targets: Labels[] = [];
    const seen = new SeenPods(cluster, metadata.namespace);
    for (const subset of endpoints.subsets ?? []) {
      const addresses = [
        ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
        ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
      ];
      for (const port of subset.ports ?? [])
        for (const { address, ready } of addresses)
          targets.push({
            __address__: hostPort(address.ip, port.port),
            ...known({
              endpoint_port_name: port.name,
              endpoint_port_protocol: port.protocol ?? "TCP",
              endpoint_ready: ready,
              endpoint_address_target_kind: address.targetRef?.kind,
              endpoint_address_target_name: address.targetRef?.name,
              endpoint_node_name: address.nodeName,
              endpoint_hostname: address.hostname,
            }),
            ...seen.labels(address.targetRef, port.port),
            ...attached(cluster, attach, { node: address.nodeName, namespace: metadata.namespace }),
          });
    }
    return {
      targets: [...targets, ...seen.otherPorts()],
      labels: {
        ...known({ namespace: metadata.namespace, endpoints_name: metadata.name }),
        ...objectLabels("endpoints", metadata),
        ...serviceOf(cluster, metadata, metadata.name),
      },
    };
  });
}

function serviceOf({ services }: Cluster, { namespace }: Metadata, name: string): Labels {
  const service = one(services, `${namespace}/${name}`, objects.anyObject);
  return service ? serviceLabels(service.metadata) : {};
}

/** The pods behind endpoints: their labels, and those of their ports that no endpoint names. */
class SeenPods {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #ports = new Map<string, { pod: Pod; ports: Set<number> }>();

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  labels(reference: Reference | null | undefined, port: number | null | undefined): Labels {
    if (reference?.kind !== "Pod" || !reference.name) return {};
    const key = `${reference.namespace ?? this.#namespace}/${reference.name}`;
    const pod = this.#ports.get(key)?.pod ?? one(this.#cluster.pods, key, objects.pod);
    if (!pod) return {};
    const seen = this.#ports.get(key) ?? { pod, ports: new Set<number>() };
    this.#ports.set(key, seen);
    if (port !== null && port !== undefined) seen.ports.add(port);
    for (const each of containersOf(pod))
      for (const own of each.container.ports ?? [])
        if (own.containerPort === port)
          return { ...podLabels(pod), ...containerLabels(pod, each), ...portLabels(own) };
    return podLabels(pod);
  }

  otherPorts(): Labels[] {
    return [...this.#ports.values()].flatMap(({ pod, ports }) => {
      const ip = pod.status?.podIP;
      if (!ip || !["Pending", "Running", "Unknown", undefined, null].includes(pod.status?.phase)) return [];
      return containersOf(pod).flatMap((each) =>
        (each.container.ports ?? [])
          .filter(({ containerPort }) => !ports.has(containerPort))
          .map((port) => ({
            __address__: hostPort(ip, port.containerPort),
            ...podLabels(pod),
            ...containerLabels(pod, each),
            ...portLabels(port),
          })),
      );
    });
  }
}

export function endpointsliceTargets(cluster: Cluster, attach: Attach): TargetGroup[] {
  return all(cluster.endpointslices, objects.endpointslice).map((slice) => {
    const { metadata } = slice;
    const seen = new SeenPods(cluster, metadata.namespace);
    const targets: Labels[] = [];
    for (const port of slice.ports ?? [])
      for (const endpoint of slice.endpoints ?? [])
        for (const address of endpoint.addresses)
          targets.push({
            __address__: hostPort(address, port.port),
            ...known({
              endpointslice_address_type: slice.addressType,
              endpointslice_port_name: port.name,
              endpointslice_port_protocol: port.protocol ?? "TCP",
              endpointslice_port: port.port,
              endpointslice_port_app_protocol: port.appProtocol,
              endpointslice_endpoint_conditions_ready: endpoint.conditions?.ready,
              endpointslice_endpoint_conditions_serving: endpoint.conditions?.serving,
              endpointslice_endpoint_conditions_terminating: endpoint.conditions?.terminating,
              endpointslice_endpoint_hostname: endpoint.hostname,
              endpointslice_endpoint_node_name: endpoint.nodeName,
              endpointslice_endpoint_zone: endpoint.zone,
              endpointslice_address_target_kind: endpoint.targetRef?.kind,
              endpointslice_address_target_name: endpoint.targetRef?.name,
            }),
            ...topology(endpoint.deprecatedTopology ?? {}),
            ...seen.labels(endpoint.targetRef, port.port),
            ...attached(cluster, attach, { node: endpoint.nodeName, namespace: metadata.namespace }),
          });
    const service = metadata.labels?.["kubernetes.io/service-name"];
    return {
      targets: [...targets, ...seen.otherPorts()],
      labels: {
        ...known({ namespace: metadata.namespace, endpointslice_name: metadata.name }),
        ...objectLabels("endpointslice", metadata),
        ...(service && serviceOf(cluster, metadata, service)),
      },
    };
  });
}

function topology(given: Readonly<Record<string, string>>): Labels {
  const made: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    made[`${prefix}endpointslice_endpoint_topology_${labelName(name)}`] = value;
    made[`${prefix}endpointslice_endpoint_topology_present_${labelName(name)}`] = "true";
  }
  return made;
}

export function ingressTargets(cluster: Cluster, attach: Attach): TargetGroup[] {
  return all(cluster.ingresses, objects.ingress).map(({ metadata, spec }) => {
    const secured = new Set((spec?.tls ?? []).flatMap(({ hosts }) => hosts ?? []));
    const targets = (spec?.rules ?? []).flatMap(({ host, http }) => {
      const name = host ?? "";
      const wildcard = name.replace(/^[^.]+/, "*");
      const scheme = secured.has(name) || secured.has(wildcard) ? "https" : "http";
      const paths = http?.paths?.length ? http.paths.map(({ path }) => path || "/") : ["/"];
      return paths.map((path) => ({
        __address__: name,
        ...known({ ingress_scheme: scheme, ingress_host: name, ingress_path: path }),
      }));
    });
    return {
      targets,
      labels: {
        ...known({
          namespace: metadata.namespace,
          ingress_name: metadata.name,
          ingress_class_name: spec?.ingressClassName,
        }),
        ...objectLabels("ingress", metadata),
        ...attached(cluster, attach, { namespace: metadata.namespace }),
      },
    };
  });
}
