import { Resolver } from "node:dns/promises";
import { type Labels, parseDuration } from "@havn/model";
import type { DnsSd } from "@havn/prometheus";
import { type Discover, poll, type TargetGroup } from "../discovery.ts";

/** The name servers to ask, as `address:port`; those of the system where there are none. */
export interface DnsOptions {
  servers?: readonly string[];
}

/** Targets that names stand for. */
export const discoverDns =
  ({ servers }: DnsOptions = {}): Discover<DnsSd> =>
  (config, found, context) => {
    const resolver = new Resolver({ timeout: 5_000, tries: 2 });
    if (servers) resolver.setServers(servers);
    const ask = () => Promise.all(config.names.map((name) => resolveName(resolver, name, config)));
    return poll(ask, { found, intervalMs: parseDuration(config.refresh_interval ?? "30s"), context });
  };

async function resolveName(resolver: Resolver, name: string, config: DnsSd): Promise<TargetGroup> {
  return { targets: await recordsOf(resolver, name, config), labels: { __meta_dns_name: name } };
}

async function recordsOf(
  resolver: Resolver,
  name: string,
  { type = "SRV", port = 0 }: DnsSd,
): Promise<Labels[]> {
  const address = (host: string) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  try {
    switch (type) {
      case "SRV":
        return (await resolver.resolveSrv(name)).map((record) => ({
          __address__: `${record.name}:${record.port}`,
          __meta_dns_srv_record_target: `${record.name}.`,
          __meta_dns_srv_record_port: String(record.port),
        }));
      case "A":
        return (await resolver.resolve4(name)).map((host) => ({ __address__: address(host) }));
      case "AAAA":
        return (await resolver.resolve6(name)).map((host) => ({ __address__: address(host) }));
      case "MX":
        return (await resolver.resolveMx(name)).map(({ exchange }) => ({
          __address__: `${exchange}:${port}`,
          __meta_dns_mx_record_target: `${exchange}.`,
        }));
      case "NS":
        return (await resolver.resolveNs(name)).map((host) => ({
          __address__: `${host}:${port}`,
          __meta_dns_ns_record_target: `${host}.`,
        }));
    }
  } catch (error) {
    // A name that has no such record has no targets; a name server that does not answer says nothing.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    throw new Error(`${name} cannot be resolved: ${code ?? (error as Error).message}`, { cause: error });
  }
}
