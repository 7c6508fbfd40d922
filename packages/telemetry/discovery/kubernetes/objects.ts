import { z } from "zod";

// What discovery reads of the objects of Kubernetes' API; everything else is passed over.

const map = z.record(z.string(), z.string()).nullish();
const text = z.string().nullish();

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(""),
  uid: z.string().default(""),
  labels: map,
  annotations: map,
  resourceVersion: text,
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
    .nullish(),
});
export type Metadata = z.output<typeof metadata>;
export const anyObject = z.object({ metadata });

const port = z.number().int();
const protocol = z.string().nullish();

export const node = z.object({
  metadata,
  spec: z.object({ providerID: text }).nullish(),
  status: z
    .object({
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish(),
      daemonEndpoints: z.object({ kubeletEndpoint: z.object({ Port: port }).nullish() }).nullish(),
    })
    .nullish(),
});

const container = z.object({
  name: z.string(),
  image: z.string().default(""),
  restartPolicy: text,
  ports: z.array(z.object({ name: text, containerPort: port, protocol })).nullish(),
});
const containerStatus = z.array(z.object({ name: z.string(), containerID: text })).nullish();
export const pod = z.object({
  metadata,
  spec: z.object({
    nodeName: text,
    containers: z.array(container).default([]),
    initContainers: z.array(container).nullish(),
  }),
  status: z
    .object({
      podIP: text,
      hostIP: text,
      phase: text,
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
      containerStatuses: containerStatus,
      initContainerStatuses: containerStatus,
    })
    .nullish(),
});
export type Pod = z.output<typeof pod>;
export type Container = z.output<typeof container>;

export const service = z.object({
  metadata,
  spec: z.object({
    type: text,
    clusterIP: text,
    externalName: text,
    loadBalancerIP: text,
    ports: z.array(z.object({ name: text, port, protocol })).nullish(),
  }),
});

const targetRef = z.object({ kind: text, name: text, namespace: text }).nullish();
const endpointAddress = z.object({ ip: z.string(), hostname: text, nodeName: text, targetRef });
export const endpoints = z.object({
  metadata,
  subsets: z
    .array(
      z.object({
        addresses: z.array(endpointAddress).nullish(),
        notReadyAddresses: z.array(endpointAddress).nullish(),
        ports: z.array(z.object({ name: text, port, protocol })).nullish(),
      }),
    )
    .nullish(),
});

export const endpointslice = z.object({
  metadata,
  addressType: z.string().default("IPv4"),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()).default([]),
        conditions: z
          .object({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .nullish(),
        hostname: text,
        nodeName: text,
        zone: text,
        targetRef,
        deprecatedTopology: map,
      }),
    )
    .nullish(),
  ports: z.array(z.object({ name: text, port: port.nullish(), protocol, appProtocol: text })).nullish(),
});

export const ingress = z.object({
  metadata,
  spec: z
    .object({
      ingressClassName: text,
      tls: z.array(z.object({ hosts: z.array(z.string()).nullish() })).nullish(),
      rules: z
        .array(
          z.object({
            host: text,
            http: z.object({ paths: z.array(z.object({ path: text })).nullish() }).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});
