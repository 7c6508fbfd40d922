import type { HttpConfig, ScrapeProperties } from "@havn/prometheus";
import type { DiscoveryContext, TargetGroup } from "./discovery.ts";
import { discoverDns } from "./dns/index.ts";
import { discoverFiles } from "./file/index.ts";
import { discoverHttp } from "./http/index.ts";
import { discoverKubernetes } from "./kubernetes/index.ts";
import { discoverStatic } from "./static/index.ts";

/** One entry under one of a scrape config's `…_configs`. */
export interface Search {
  /** As in the configuration: `file_sd_configs`. */
  way: string;
  /** How it asks over HTTP, where it does. */
  http: HttpConfig | undefined;
  run(found: (groups: readonly TargetGroup[]) => void, context: DiscoveryContext): Promise<void>;
}

/** All that a scrape config says about where its targets are. */
export function searches(config: ScrapeProperties): Search[] {
  const {
    static_configs = [],
    file_sd_configs = [],
    http_sd_configs = [],
    dns_sd_configs = [],
    kubernetes_sd_configs = [],
  } = config;
  const discoverNames = discoverDns();
  return [
    ...static_configs.map(
      (each): Search => ({
        ...{ way: "static_configs", http: undefined },
        run: (found, context) => discoverStatic(each, found, context),
      }),
    ),
    ...file_sd_configs.map(
      (each): Search => ({
        ...{ way: "file_sd_configs", http: undefined },
        run: (found, context) => discoverFiles(each, found, context),
      }),
    ),
    ...http_sd_configs.map(
      (each): Search => ({
        ...{ way: "http_sd_configs", http: each },
        run: (found, context) => discoverHttp(each, found, context),
      }),
    ),
    ...dns_sd_configs.map(
      (each): Search => ({
        ...{ way: "dns_sd_configs", http: undefined },
        run: (found, context) => discoverNames(each, found, context),
      }),
    ),
    ...kubernetes_sd_configs.map(
      (each): Search => ({
        ...{ way: "kubernetes_sd_configs", http: each },
        run: (found, context) => discoverKubernetes(each, found, context),
      }),
    ),
  ];
}
