import type { AgentEvent, HostReport, InstanceReport } from "@havn/fleet/protocol";
import { type Address, formatAddress, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { AlertRecord, Condition } from "../alerts/machine.ts";

export const instancesScope = (host: Address) => `instances ${host}`;

interface About {
  host: Address;
  instance: string;
  service: Address;
  release: string;
}

function instanceCondition({ host, instance, service, release }: About, summary: string): Condition {
  const { environment, name } = parseAddress(host);
  return {
    // The release is part of an instance's name, so a new release's troubles are not the old one's.
    fingerprint: fingerprint("instance", { host, instance }),
    rule: "instance not healthy",
    environment,
    address: service,
    host,
    severity: "critical",
    summary,
    labels: { instance, host: name, service: parseAddress(service).name, release },
    forMs: 0,
  };
}

/** Instances that the host says are not healthy. One that starts is given its time: the agent calls it unhealthy then. */
export function unhealthyInstances(host: Address, report: HostReport): Condition[] {
  return report.instances.flatMap((instance) => {
    if (instance.health !== "unhealthy" && instance.health !== "stopped") return [];
    const state = instance.health === "stopped" ? "is stopped" : "is not healthy";
    return [
      instanceCondition(aboutOf(host, instance), withDetail(`${instance.id} ${state}`, instance.detail)),
    ];
  });
}

const withDetail = (text: string, detail: string | undefined) => (detail ? `${text}: ${detail}` : text);

function aboutOf(host: Address, { id, service, release }: InstanceReport): About {
  const { environment } = parseAddress(host);
  return {
    host,
    instance: id,
    service: formatAddress({ environment, type: "service", name: service }),
    release,
  };
}

/** What an agent's event raises by itself; undefined for all events but an instance's exit. */
export function exitCondition(host: Address, event: AgentEvent): Condition | undefined {
  const { instance, release } = event.data;
  if (event.kind !== "instance.exited" || typeof instance !== "string" || !event.address) return undefined;
  const about = {
    host,
    instance,
    service: event.address,
    release: typeof release === "string" ? release : "",
  };
  return { ...instanceCondition(about, event.summary), exitedAt: event.at };
}

/** An event that comes again, or after the alert it led to has ended, tells nothing new. */
export const isNewExit = (exitedAt: number) => (before: AlertRecord | undefined) =>
  before?.exitedAt === undefined || before.exitedAt < exitedAt;

/** True while `report` does not show that the instance got well after its exit. */
export const exitHolds =
  (report: HostReport) =>
  (record: AlertRecord): boolean => {
    const { exitedAt } = record;
    if (exitedAt === undefined || record.state === "resolved") return false;
    const instance = report.instances.find(({ id }) => id === record.labels.instance);
    if (!instance) return report.at < exitedAt;
    // Times on both sides are the agent's, so its clock need not be ours.
    return instance.health !== "healthy" || instance.since < exitedAt;
  };
