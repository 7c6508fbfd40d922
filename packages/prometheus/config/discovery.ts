import { z } from "zod";
import { httpConfig, type SecretSchema, secretInGraph } from "./http.ts";
import { interval, labelSet, word } from "./values.ts";

const port = z.number().int().min(0).max(65_535);

export const targetGroup = z.strictObject({
  targets: z.array(word.refine((text) => text !== "", "a target is empty")),
  labels: labelSet.optional(),
});

const fileSd = z.strictObject({
  files: z
    .array(
      z
        .string()
        .regex(/^[^*]*(\*[^/]*)?\.(json|yml|yaml)$/, "expected a path that ends with .json, .yml or .yaml"),
    )
    .min(1),
  refresh_interval: interval.optional(),
});

const dnsSd = z
  .strictObject({
    names: z.array(z.string().min(1)).min(1),
    type: z.enum(["SRV", "A", "AAAA", "MX", "NS"]).optional(),
    port: port.optional(),
    refresh_interval: interval.optional(),
  })
  .refine(
    (config) => (config.type ?? "SRV") === "SRV" || ["MX", "NS"].includes(config.type ?? "") || config.port,
    {
      message: "records of type A and AAAA say no port: port is needed",
    },
  );

const httpSd = (secret: SecretSchema) =>
  z.strictObject({
    url: z
      .url({ protocol: /^https?$/, message: "expected an http:// or https:// address" })
      // What stands in an address is shown; a password in basic_auth is not.
      .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), "a user or password stands in it: write basic_auth"),
    refresh_interval: interval.optional(),
    ...httpConfig(secret),
  });

export const kubernetesRoles = ["node", "pod", "service", "endpoints", "endpointslice", "ingress"] as const;

const kubernetesSd = (secret: SecretSchema) =>
  z.strictObject({
    api_server: z.url({
      protocol: /^https?$/,
      message: "api_server is needed, such as https://10.0.0.1:6443: Havn runs outside of the cluster",
    }),
    role: z.enum(kubernetesRoles),
    kubeconfig_file: z.string().optional(),
    namespaces: z
      .strictObject({ own_namespace: z.boolean().optional(), names: z.array(z.string()).optional() })
      .optional(),
    selectors: z
      .array(
        z.strictObject({
          role: z.enum(kubernetesRoles),
          label: z.string().optional(),
          field: z.string().optional(),
        }),
      )
      .optional(),
    attach_metadata: z
      .strictObject({ node: z.boolean().optional(), namespace: z.boolean().optional() })
      .optional(),
    ...httpConfig(secret),
  });

/** Where targets come from: one key a way, as in a scrape config. */
export const discoveryConfigs = (secret: SecretSchema) => ({
  static_configs: z.array(targetGroup).optional(),
  file_sd_configs: z.array(fileSd).optional(),
  http_sd_configs: z.array(httpSd(secret)).optional(),
  dns_sd_configs: z.array(dnsSd).optional(),
  kubernetes_sd_configs: z.array(kubernetesSd(secret)).optional(),
});
const shape = z.object(discoveryConfigs(secretInGraph));
export type DiscoveryConfigs = z.output<typeof shape>;
export type FileSd = z.output<typeof fileSd>;
export type DnsSd = z.output<typeof dnsSd>;
export type HttpSd = NonNullable<DiscoveryConfigs["http_sd_configs"]>[number];
export type KubernetesSd = NonNullable<DiscoveryConfigs["kubernetes_sd_configs"]>[number];

/** Ways that Prometheus has and Havn has not. */
export const unknownDiscovery = new Set([
  ...["azure", "consul", "digitalocean", "docker", "dockerswarm", "ec2", "eureka", "gce", "hetzner"],
  ...["ionos", "kuma", "lightsail", "linode", "marathon", "nerve", "nomad", "openstack", "ovhcloud"],
  ...["puppetdb", "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr", "aws"],
]);
