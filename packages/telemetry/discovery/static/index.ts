import type { DiscoveryConfigs } from "@havn/prometheus";
import type { Discover } from "../discovery.ts";

type Static = NonNullable<DiscoveryConfigs["static_configs"]>[number];

/** Targets that stand in the configuration. */
export const discoverStatic: Discover<Static> = async ({ targets, labels = {} }, found) => {
  found([{ targets: targets.map((address) => ({ __address__: address })), labels }]);
};
