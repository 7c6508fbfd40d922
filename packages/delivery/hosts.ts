import type { AgentMethod, AgentParams, AgentResult } from "@havn/fleet/protocol";
import {
  type Address,
  formatAddress,
  HavnError,
  type ServiceProperties,
  serviceProperties,
} from "@havn/model";
import type { DeliveryOptions } from "./interfaces.ts";
import {
  type BalancerRow,
  findRelease,
  type InstanceRow,
  listBalancers,
  listInstances,
  listSlots,
} from "./store.ts";

/** How long a host may be away in the middle of a rollout before the rollout is given up. */
const patience = 60_000;

export type HostAccess = ReturnType<typeof createHostAccess>;

/** Hosts as rollouts and balancers use them: what is recorded in PostgreSQL, told to their agents. */
export function createHostAccess({ sql, clock, hosts, desired, hostAddress, runtimeOf }: DeliveryOptions) {
  const key = (environment: string, host: string): Address =>
    formatAddress({ environment, type: "host", name: host });

  const propertiesOf = async (row: { environment: string; service: string }, release: string) => {
    const found = await findRelease(sql, row, release);
    if (!found) throw new Error(`release ${release} of ${row.service} is not recorded`);
    return { number: found.number, sourceDigest: found.sourceDigest, properties: parse(found.resource) };
  };

  /** References in `env` stay: fleet resolves them when the spec is on its way to its host. */
  const instanceSpec = async (row: InstanceRow) => {
    const { environment, service, host } = row;
    const { number, sourceDigest, properties } = await propertiesOf(row, row.release);
    const [artifact] = await sql<{ sha256: string }[]>`
      select sha256 from delivery.artifact where source_digest = ${sourceDigest}`;
    if (!artifact) throw artifactMissing(service, number);
    // Nobody but this computer needs to reach what has only a loopback address.
    const local = (hostAddress(key(environment, host)) ?? "").startsWith("127.");
    return {
      id: row.id,
      service,
      address: formatAddress({ environment, type: "service", name: service }),
      release: row.release,
      releaseNumber: number,
      artifact: artifact.sha256,
      command: properties.command,
      env: { HOST: local ? "127.0.0.1" : "0.0.0.0", ...properties.env },
      port: row.port,
      runtime: runtimeOf(key(environment, host)),
      health: properties.health,
      ...(properties.metrics === undefined ? {} : { metricsPath: properties.metrics }),
      stopGrace: properties.stopGrace,
    };
  };

  const balancerSpec = async (row: BalancerRow) => {
    const { environment } = row;
    const slots = await listSlots(sql, environment, row.name);
    const rows = await listInstances(sql, { environment, service: row.service });
    const releases = new Set(
      rows.filter(({ id }) => slots.some((slot) => slot.instance === id)).map((one) => one.release),
    );
    const paths = new Set<string>();
    for (const release of releases) paths.add((await propertiesOf(row, release)).properties.health.path);
    const [path = "/healthz", another] = paths;
    return {
      name: row.name,
      address: row.address,
      port: row.port,
      // Two releases that are asked at different paths: for as long as both serve, any answer counts. Their agents
      // know which of them is healthy.
      healthPath: another === undefined ? path : "",
      slots: slots.map(({ instance, ...slot }) => ({
        ...slot,
        weight: 100,
        ...(instance === null ? {} : { instance }),
      })),
    };
  };

  const call = async <M extends AgentMethod>(
    host: Address,
    method: M,
    params: AgentParams<M>,
    { timeoutMs, waitMs = patience }: { timeoutMs?: number; waitMs?: number } = {},
  ): Promise<AgentResult<M>> => {
    const deadline = clock.now() + waitMs;
    for (;;) {
      try {
        return await hosts.call(host, method, params, timeoutMs === undefined ? {} : { timeoutMs });
      } catch (error) {
        if (!(error instanceof HavnError && error.retryable) || clock.now() >= deadline) throw error;
        await clock.sleep(500);
      }
    }
  };

  return {
    key,
    call,
    instanceSpec,
    balancerSpec,
    /** What the host keeps running when nobody tells it anything. */
    async putInstances(environment: string, host: string) {
      const rows = await listInstances(sql, { environment, host });
      await desired.put(key(environment, host), "instances", await Promise.all(rows.map(instanceSpec)));
    },
    async putBalancers(environment: string, host: string) {
      const rows = await listBalancers(sql, { environment, host });
      await desired.put(key(environment, host), "balancers", await Promise.all(rows.map(balancerSpec)));
    },
    addressOf(environment: string, host: string): string {
      const address = hostAddress(key(environment, host));
      if (address !== undefined) return address;
      throw new HavnError(`The address of ${host} is not known`, {
        detail: "Its agent has not connected yet. Look at the host with `havn status`, then apply again.",
        retryable: true,
      });
    },
  };
}

export const parse = ({ properties }: { properties: Record<string, unknown> }): ServiceProperties =>
  serviceProperties.parse(properties);

export const artifactMissing = (service: string, number: number): HavnError =>
  new HavnError(`The files of release ${number} of ${service} are not here`, {
    detail: "Artifacts of old releases are removed. Deploy from the source: havn deploy",
    status: 409,
  });
