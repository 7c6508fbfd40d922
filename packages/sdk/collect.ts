import { findDuration, type SecretReference } from "@havn/model";
import { type CommonOptions, complain, nameOf, shared } from "./environment.ts";
import { directory, type FileHandle, file } from "./host-resources.ts";
import type { HostHandle } from "./hosts.ts";
import { joinText } from "./references.ts";

/** One of `redis`, `nginx`, `postgres` and `node`. */
export interface CollectOptions extends CommonOptions {
  /**
   * Whose agent collects: mostly the host that the server runs on.
   * @example host: web1
   */
  host: HostHandle;
  /**
   * How often, from "1s" on. Default: "15s".
   * @example interval: "1s"
   */
  interval?: string;
  /**
   * A Redis server; its metrics have the names of redis_exporter. Its address is "host:port" or the path of its socket.
   * @example redis: { address: "127.0.0.1:6379", password: secret("sessions") }
   */
  redis?: { address: string; user?: string; password?: SecretReference };
  /**
   * An NGINX whose `stub_status` answers at that address; names of nginx-prometheus-exporter.
   * @example nginx: { url: "http://127.0.0.1:8081/status" }
   */
  nginx?: { url: string };
  /**
   * A PostgreSQL server; names of postgres_exporter. Without `server` the one of this host, by its socket, as the user
   * postgres. What `postgres(…)` declares is collected by itself. Needs psql on the host.
   * @example postgres: { server: "10.0.0.9", user: "watch", password: secret("watch", { generated: false }) }
   */
  postgres?: { server?: string; port?: number; user?: string; password?: SecretReference; database?: string };
  /**
   * The host's own metrics (node_exporter's names), in place of every 5 s.
   * @example node: true
   */
  node?: true;
}

/** No machine has it before Havn makes it. */
const parent = "/etc/havn";
const folder = `${parent}/collect.d`;

/**
 * What a host's agent collects beside what it collects by itself, or how often. It becomes a file on the host that only
 * its agent can read; passwords are references to secrets.
 *
 * @example
 * collect("sessions", { host: web1, redis: { address: "127.0.0.1:6379" }, interval: "1s" });
 */
export function collect(name: string, options: CollectOptions): FileHandle {
  const { host, interval = "15s", dependsOn } = options;
  const intervalMs = findDuration(interval) ?? 0;
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    complain(
      `"${name}" is no name for collect(…)`,
      "Use lower-case letters, digits and hyphens, at most 63.",
    );
  if (intervalMs < 1_000 || intervalMs > 3_600_000)
    complain(`The interval "${interval}" of collect("${name}") is not taken`, 'Write one from "1s" to "1h".');
  const { declared, password } = declaredBy(name, options);
  const above = shared(`${parent} on ${nameOf(host)}`, () => directory(parent, { host }));
  const place = shared(`${folder} on ${nameOf(host)}`, () =>
    directory(folder, { host, mode: "0700", dependsOn: above }),
  );
  return file(`${folder}/${name}`, {
    ...{ host, mode: "0600" },
    content: joinText([JSON.stringify({ interval: intervalMs, ...declared }), "\n", password ?? ""]),
    dependsOn: [place, ...(dependsOn === undefined ? [] : [dependsOn].flat())],
  });
}

function declaredBy(
  name: string,
  { redis, nginx, postgres, node }: CollectOptions,
): { declared: object; password?: SecretReference | undefined } {
  const given = [redis, nginx, postgres, node].filter((one) => one !== undefined);
  if (given.length !== 1)
    complain(
      `collect("${name}") must say what is collected, once`,
      "Give it one of redis, nginx, postgres and node.",
    );
  if (redis) {
    const { password, ...rest } = redis;
    return { declared: { redis: rest }, password };
  }
  if (nginx) return { declared: { nginx } };
  if (postgres) {
    const { password, server, ...rest } = postgres;
    return { declared: { postgres: { ...rest, ...(server !== undefined && { host: server }) } }, password };
  }
  return { declared: { host: true } };
}
