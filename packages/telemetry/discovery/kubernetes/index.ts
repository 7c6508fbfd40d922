import type { KubernetesSd } from "@havn/prometheus";
import type { Discover, DiscoveryContext, TargetGroup } from "../discovery.ts";
import {
  type Attach,
  type Cluster,
  endpointsliceTargets,
  endpointsTargets,
  ingressTargets,
  type Kind,
  nodeTargets,
  podTargets,
  serviceTargets,
} from "./roles.ts";
import { follow } from "./store.ts";

interface Role {
  /** What it makes targets of first, then what it takes labels from. */
  kinds: readonly Kind[];
  targets(cluster: Cluster, attach: Attach): TargetGroup[];
}

const roles: Readonly<Record<KubernetesSd["role"], Role>> = {
  node: { kinds: ["nodes"], targets: nodeTargets },
  pod: { kinds: ["pods"], targets: podTargets },
  service: { kinds: ["services"], targets: serviceTargets },
  endpoints: { kinds: ["endpoints", "services", "pods"], targets: endpointsTargets },
  endpointslice: { kinds: ["endpointslices", "services", "pods"], targets: endpointsliceTargets },
  ingress: { kinds: ["ingresses"], targets: ingressTargets },
};

const paths: Readonly<Record<Kind, { group: string; selector: KubernetesSd["role"] | undefined }>> = {
  nodes: { group: "/api/v1", selector: "node" },
  pods: { group: "/api/v1", selector: "pod" },
  services: { group: "/api/v1", selector: "service" },
  endpoints: { group: "/api/v1", selector: "endpoints" },
  endpointslices: { group: "/apis/discovery.k8s.io/v1", selector: "endpointslice" },
  ingresses: { group: "/apis/networking.k8s.io/v1", selector: "ingress" },
  namespaces: { group: "/api/v1", selector: undefined },
};

/** Objects that come one after the other are told together. */
const settleMs = 50;

/** What a Kubernetes cluster runs, followed as it changes. */
export const discoverKubernetes: Discover<KubernetesSd> = async (config, found, context) => {
  const role = roles[config.role];
  const attach = config.attach_metadata ?? {};
  const kinds: Kind[] = [
    ...role.kinds,
    ...(attach.node && config.role !== "node" ? (["nodes"] as const) : []),
    ...(attach.namespace ? (["namespaces"] as const) : []),
  ];
  const namespaces = config.namespaces?.names?.length ? config.namespaces.names : [""];
  /** Of each kind and namespace what there is; nothing is told before all have been read once. */
  const parts = new Map<string, ReadonlyMap<string, unknown>>();
  const faults = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    const cluster: Cluster = {};
    for (const kind of kinds)
      cluster[kind] = new Map(
        namespacesOf(kind, namespaces).flatMap((namespace) => [...(parts.get(`${kind}/${namespace}`) ?? [])]),
      );
    found(role.targets(cluster, attach));
  };
  const watches = kinds.flatMap((kind) =>
    namespacesOf(kind, namespaces).map((namespace) => ({ kind, namespace })),
  );
  await Promise.all(
    watches.map(({ kind, namespace }) => {
      const key = `${kind}/${namespace}`;
      const own: DiscoveryContext = {
        ...context,
        failed(message) {
          if (message === undefined) faults.delete(key);
          else faults.set(key, message);
          context.failed(faults.size > 0 ? [...new Set(faults.values())].join("; ") : undefined);
        },
      };
      return follow(
        { url: urlOf(config.api_server, kind, namespace), selectors: selectorsOf(config, kind) },
        (objects) => {
          parts.set(key, objects);
          if (parts.size < watches.length) return;
          clearTimeout(timer);
          timer = setTimeout(tell, settleMs);
        },
        own,
      );
    }),
  );
  clearTimeout(timer);
};

const namespacesOf = (kind: Kind, names: readonly string[]) =>
  kind === "nodes" || kind === "namespaces" ? [""] : names;

function urlOf(server: string, kind: Kind, namespace: string): string {
  const base = server.replace(/\/$/, "");
  const within = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${paths[kind].group}${within}/${kind}`;
}

function selectorsOf({ selectors = [] }: KubernetesSd, kind: Kind): Record<string, string> {
  const own = selectors.find(({ role }) => role === paths[kind].selector);
  return {
    ...(own?.label && { labelSelector: own.label }),
    ...(own?.field && { fieldSelector: own.field }),
  };
}
