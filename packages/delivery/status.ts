import type { BalancerStatus, Health, InstanceStatus, Release, ServiceStatus } from "@havn/model";
import { type HostAccess, parse } from "./hosts.ts";
import type { DeliveryOptions } from "./interfaces.ts";
import {
  type BalancerRow,
  findLatestRollout,
  type InstanceRow,
  listBalancers,
  listInstances,
  listReleases,
  listServices,
  listSlots,
  type ReleaseRow,
} from "./store.ts";

export interface DeliveryStatus {
  services: ServiceStatus[];
  balancers: BalancerStatus[];
}

/** What serves in an environment: records from PostgreSQL, health from the agents' reports. */
export async function readStatus(
  options: DeliveryOptions & { access: HostAccess },
  environment: string,
): Promise<DeliveryStatus> {
  const { sql } = options;
  const [services, instances, releases, balancers] = await Promise.all([
    listServices(sql, environment),
    listInstances(sql, { environment }),
    listReleases(sql, { environment }),
    listBalancers(sql, { environment }),
  ]);
  // A first rollout has no service that serves yet, and is of interest nevertheless.
  const names = new Set([...services.map(({ name }) => name), ...instances.map(({ service }) => service)]);
  return {
    services: await Promise.all([...names].toSorted().map(serviceStatus)),
    balancers: await Promise.all(balancers.map(balancerStatus)),
  };

  async function serviceStatus(name: string): Promise<ServiceStatus> {
    const serving = services.find((one) => one.name === name);
    const own = releases.filter((one) => one.service === name);
    const release = own.find(({ id }) => id === serving?.release);
    const previous = own.find(({ id }) => id === release?.follows);
    const rollout = await findLatestRollout(sql, { environment, service: name });
    const shown = instances.filter((one) => one.service === name).map(instanceStatus);
    const wanted = serving ? parse(serving.resource).hosts.length : 1;
    const url = urlOf(name);
    return {
      name,
      address: serving?.address ?? `${environment}/service/${name}`,
      health: serviceHealth(shown, wanted),
      ...(url === undefined ? {} : { url }),
      ...(release ? { release: publicRelease(release) } : {}),
      ...(previous ? { previousRelease: publicRelease(previous) } : {}),
      ...(rollout ? { rollout: { id: rollout.id, state: rollout.state, detail: rollout.detail } } : {}),
      instances: shown,
    };
  }

  function instanceStatus({ id, service, host, release, port }: InstanceRow): InstanceStatus {
    const report = options.report(options.access.key(environment, host));
    const seen = report?.instances.find((one) => one.id === id);
    const base = { id, service, host, release, port };
    if (!report) return { ...base, health: "unknown", restarts: 0, detail: `${host} is not connected` };
    if (!seen) return { ...base, health: "stopped", restarts: 0, detail: `${host} does not run it` };
    const { health, pid, since, restarts, detail } = seen;
    return {
      ...base,
      health,
      ...(pid === undefined ? {} : { pid }),
      since,
      restarts,
      ...(detail ? { detail } : {}),
    };
  }

  /** Where clients come in: the balancer, or else any instance. */
  function urlOf(service: string): string | undefined {
    const balancer = balancers.find((one) => one.service === service);
    const entry = balancer ?? instances.find((one) => one.service === service);
    return entry && url(entry);
  }

  function url({ host, port }: { host: string; port: number }): string | undefined {
    const address = options.hostAddress(options.access.key(environment, host));
    if (address === undefined) return undefined;
    const name = address.includes(":") ? `[${address}]` : address;
    return `http://${name}${port === 80 ? "" : `:${port}`}`;
  }

  async function balancerStatus(row: BalancerRow): Promise<BalancerStatus> {
    const report = options.report(options.access.key(environment, row.host));
    const seen = report?.balancers.find((one) => one.name === row.name);
    const slots = await listSlots(sql, environment, row.name);
    const entry = url(row);
    return {
      name: row.name,
      address: row.address,
      host: row.host,
      service: row.service,
      ...(entry === undefined ? {} : { url: entry }),
      slots: slots
        .filter(({ instance, state }) => instance !== null || state !== "maint")
        .map(({ slot, instance }) => {
          const now = seen?.slots.find((one) => one.slot === slot);
          return {
            slot,
            ...(instance === null ? {} : { instance }),
            state: now?.state ?? "unknown",
            sessions: now?.sessions ?? 0,
          };
        }),
    };
  }
}

/** Healthy: enough instances, all of them healthy. */
export function serviceHealth(instances: Pick<InstanceStatus, "health">[], wanted: number): Health {
  const count = (health: Health) => instances.filter((one) => one.health === health).length;
  if (instances.length === 0) return "stopped";
  if (count("unhealthy") > 0 || count("stopped") > 0) return "unhealthy";
  if (count("unknown") > 0) return "unknown";
  if (count("starting") > 0 || count("healthy") < wanted) return "starting";
  return "healthy";
}

export const publicRelease = ({ id, number, service, createdAt, actor, changed }: ReleaseRow): Release => ({
  id,
  number,
  service,
  createdAt,
  actor,
  changed,
});
