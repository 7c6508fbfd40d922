import type { Alerting, ServiceCount } from "@havn/alerting";
import type { Delivery } from "@havn/delivery";
import type { Fleet } from "@havn/fleet";
import type { Live } from "@havn/http";
import type { Infrastructure } from "@havn/infrastructure";
import { parseAddress } from "@havn/model";
import { type PromqlEngine, parsePromql, restrict } from "@havn/promql";
import type { Telemetry } from "@havn/telemetry";
import type { Timeline } from "@havn/timeline";
import type { Status } from "./status.ts";

/** What happens in one room is heard by those that must act on it or show it. */
export function connectRooms(rooms: {
  fleet: Fleet;
  alerting: Alerting;
  timeline: Timeline;
  telemetry: Telemetry;
  infrastructure: Infrastructure;
  status: Status;
  live: Live;
}): void {
  const { fleet, alerting, timeline, telemetry, infrastructure, status, live } = rooms;
  fleet.events.on("connected", alerting.hostConnected);
  fleet.events.on("lost", alerting.hostLost);
  fleet.events.on("removed", alerting.hostRemoved);
  fleet.events.on("report", alerting.observe);
  const changed = (host: string) => status.changed(parseAddress(host).environment);
  fleet.events.on("connected", changed);
  fleet.events.on("lost", changed);
  fleet.events.on("report", changed);
  alerting.onChange((alert) => status.changed(alert.environment));

  timeline.subscribe((event) => {
    live.publish("events", event);
    if (event.environment !== undefined) live.publish(`events:${event.environment}`, event);
  });
  live.topic("events", { action: "event:read" });
  live.topic("apply", { action: "apply:read", delivery: "latest", snapshot: infrastructure.applies.get });
  telemetry.serveLive(live);
}

/** How many instances each service should have and has. While an apply changes that, nothing is missing yet. */
export async function countInstances(
  infrastructure: Infrastructure,
  delivery: Delivery,
): Promise<ServiceCount[]> {
  const environments = await infrastructure.environments();
  const counts = await Promise.all(
    environments.map(async ({ environment }) => {
      const running = await infrastructure.applies.list({ environment, state: "running" });
      if (running.length > 0) return [];
      const [graph, { services }] = await Promise.all([
        infrastructure.graph(environment),
        delivery.status(environment),
      ]);
      return services.map(({ address, instances }): ServiceCount => {
        const declared = graph.resources.find((resource) => resource.address === address);
        const hosts = declared?.properties["hosts"];
        const wanted: string[] = Array.isArray(hosts) ? hosts : instances.map(({ host }) => host);
        const healthy = instances.filter(({ health }) => health === "healthy");
        return {
          address,
          wanted: wanted.length,
          healthy: healthy.length,
          missingOn: wanted.filter((name) => !healthy.some(({ host }) => host === name)),
        };
      });
    }),
  );
  return counts.flat();
}

/** Values of all samples that an expression gives now, from the environment's own series. Throws a PromqlError. */
export async function querySamples(
  promql: PromqlEngine,
  { expr, environment, at, signal }: { expr: string; environment: string; at: number; signal: AbortSignal },
): Promise<number[]> {
  const own = restrict(parsePromql(expr), { name: "env", operator: "=", value: environment });
  const result = await promql.instant(own, at, { signal });
  if (result.type === "scalar") return [result.value];
  return result.type === "vector" ? result.vector.map(({ value }) => value) : [];
}
