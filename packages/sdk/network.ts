import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface NftablesTableOptions extends HostResourceOptions {
  /**
   * What stands in the table, in nft's own language: chains, sets, rules.
   * @example rules: "chain input { type filter hook input priority 0; policy accept; tcp dport 23 drop; }"
   */
  rules: Text;
  /**
   * What it filters. Default: "inet" (IPv4 and IPv6).
   * @example family: "ip"
   */
  family?: "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev";
  /**
   * Seconds in which the control plane must be reached with new rules; else the old ones come back. Default: 30.
   * @example confirmWithin: 60
   */
  confirmWithin?: number;
}

/** A table of nftables. */
export interface NftablesTableHandle extends Handle {
  readonly type: "nftables.table";
}

/**
 * A table of nftables, now and after a restart; other tables stay as they are. New rules must prove that the control
 * plane is still reached: a timer on the host brings the old ones back if not, whatever has become of the agent. Needs
 * the package nftables.
 *
 * @example
 * nftablesTable("web", {
 *   host: web1, dependsOn: pkg("nftables", { host: web1 }),
 *   rules: `chain input {
 *     type filter hook input priority 0; policy drop;
 *     ct state established,related accept
 *     iif lo accept
 *     tcp dport { 22, 80, 443 } accept
 *   }`,
 * });
 */
export function nftablesTable(name: string, options: NftablesTableOptions): NftablesTableHandle {
  const family = options.family ?? "inet";
  return declareOnHost("nftables.table", `${family} ${name}`, options, { fixed: { name } });
}
