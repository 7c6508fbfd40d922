import type { TextReference } from "@havn/model";
import { type CommonOptions, declare, type Handle, isHandle, listOf, nameOf, shared } from "./environment.ts";
import { debianPackage, systemdUnit } from "./host-resources.ts";
import type { HostHandle } from "./hosts.ts";
import { callerLocation } from "./location.ts";
import { comesFrom, joinText, type Text } from "./references.ts";

export interface ServiceOptions extends CommonOptions {
  /**
   * Folder with what is deployed, relative to the configuration file. Its content names the release.
   * @example source: "./app"
   */
  source: string;
  /**
   * Command that builds a copy of the source where the command line runs; its result is what is shipped.
   * @example build: ["npm", "ci", "--omit=dev"]
   */
  build?: readonly string[];
  /**
   * Command that runs in the release's folder. A first word "node" is the agent's own Node.
   * @example command: ["node", "server.js"]
   */
  command: readonly string[];
  /**
   * Where instances run: one on each host.
   * @example hosts: [web1, web2]
   */
  hosts: HostHandle | string | readonly (HostHandle | string)[];
  /**
   * Where instances listen (they find it in PORT and HOST). Behind a balancer, releases take `port` and `port + 1` in turn.
   * @example port: 8080
   */
  port: number;
  /**
   * Environment variables. References are resolved on the host; secrets are seen nowhere else.
   * @example env: { DATABASE_URL: db.url, LOG_LEVEL: "info" }
   */
  env?: Record<string, Text | number>;
  /**
   * Path that answers 200 when an instance is ready for requests, or more about asking it. Default: "/healthz" every
   * second.
   * @example health: "/healthz"
   * @example health: { path: "/ready", interval: "5s", timeout: "1s" }
   */
  health?: string | { path?: string; interval?: string; timeout?: string };
  /**
   * Path with metrics in Prometheus' text format. Default: none are collected.
   * @example metrics: "/metrics"
   */
  metrics?: string;
  /**
   * How long an instance may take to end after SIGTERM. Default: "10s".
   * @example stopGrace: "30s"
   */
  stopGrace?: string;
  /**
   * How long a new instance may take to become healthy before its rollout is given up. Default: "60s".
   * @example startTimeout: "2m"
   */
  startTimeout?: string;
}

/** Something that is deployed. */
export interface ServiceHandle extends Handle {
  readonly type: "service";
  readonly port: number;
}

/**
 * What is deployed: a source, a command, and the hosts that run it. Every change of it is an immutable release, rolled
 * out one instance at a time.
 *
 * @example
 * const shop = service("shop", {
 *   source: "./app", command: ["node", "server.js"], hosts: web, port: 8080,
 *   env: { DATABASE_URL: db.url }, health: "/healthz", metrics: "/metrics",
 * });
 */
export function service(name: string, options: ServiceOptions): ServiceHandle {
  const { source, hosts, env, health, dependsOn, ...rest } = options;
  const properties = {
    ...rest,
    source: typeof source === "string" ? { path: source, digest: "" } : source,
    hosts: hosts === undefined ? undefined : listOf<HostHandle | string>(hosts).map(nameOf),
    env: env && Object.fromEntries(Object.entries(env).map(([key, value]) => [key, numberAsText(value)])),
    health: typeof health === "string" ? { path: health } : health,
  };
  const { address } = declare({
    type: "service",
    name,
    properties,
    after: [...listOf<HostHandle | string>(hosts), ...listOf(dependsOn)],
  });
  return { type: "service", name, resource: address, port: options.port };
}

const numberAsText = (value: Text | number) => (typeof value === "number" ? String(value) : value);

export interface BalancerOptions extends CommonOptions {
  /**
   * Where it runs and clients come in. HAProxy is installed there.
   * @example host: lb
   */
  host: HostHandle;
  /**
   * What is behind it.
   * @example service: shop
   */
  service: ServiceHandle | string;
  /**
   * Where clients come in. Default: 80.
   * @example port: 80
   */
  port?: number;
}

/** What clients talk to. */
export interface BalancerHandle extends Handle {
  readonly type: "balancer";
  /** Reference to `http://<address of its host>:<port>`. */
  readonly url: TextReference;
}

/**
 * HAProxy on a host in front of one service: requests go to healthy instances only, and none is lost in a rollout.
 *
 * @example const entry = balancer("shop", { host: lb, service: shop, port: 80 });
 */
export function balancer(name: string, options: BalancerOptions): BalancerHandle {
  const { host, service: behind, port = 80, dependsOn, ...unknown } = options;
  const location = callerLocation();
  const after: unknown[] = [host, behind, ...listOf(dependsOn)];
  const hostName = nameOf(host);
  if (typeof hostName === "string")
    after.push(
      ...shared(`haproxy on ${hostName}`, () => {
        const installed = debianPackage("haproxy", { host: hostName, location });
        // Havn runs HAProxy as a unit of its own, so that the package's unit has nothing to do.
        const unit = systemdUnit("haproxy", {
          ...{ host: hostName, enabled: false, active: false },
          ...{ dependsOn: [installed], location },
        });
        return [installed, unit];
      }),
    );
  const properties = { host: hostName, service: nameOf(behind), port, ...unknown };
  const { address } = declare({ type: "balancer", name, properties, after, location });
  const url = isHandle(host)
    ? joinText(["http://", host.address, `:${port}`])
    : joinText([`http://${hostName}:${port}`]);
  return { type: "balancer", name, resource: address, url: comesFrom(url, [address]) };
}
