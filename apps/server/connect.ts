import type { Alerting, ServiceCount } from "@havn/alerting";
import type { Delivery } from "@havn/delivery";
import type { Fleet } from "@havn/fleet";
import type { Live } from "@havn/http";
import type { Infrastructure } from "@havn/infrastructure";
import type { Insight } from "@havn/insight";
import { type Alert, type Labels, labelsKey, parseAddress } from "@havn/model";
import { type PromqlEngine, parsePromql, restrict } from "@havn/promql";
import type { AlertChange, Response } from "@havn/response";
import type { Scraping, Telemetry } from "@havn/telemetry";
import type { Timeline } from "@havn/timeline";
import type { Status } from "./status.ts";

/** What happens in one room is heard by those that must act on it or show it. */
export function connectRooms(rooms: {
  fleet: Fleet;
  alerting: Alerting;
  response: Response;
  timeline: Timeline;
  telemetry: Telemetry;
  infrastructure: Infrastructure;
  status: Status;
  live: Live;
}): void {
  const { fleet, alerting, response, timeline, telemetry, infrastructure, status, live } = rooms;
  fleet.events.on("connected", alerting.hostConnected);
  fleet.events.on("lost", alerting.hostLost);
  fleet.events.on("removed", alerting.hostRemoved);
  fleet.events.on("report", alerting.observe);
  fleet.events.on("maintenance", () => void alerting.heldChanged());
  const changed = (host: string) => status.changed(parseAddress(host).environment);
  fleet.events.on("connected", changed);
  fleet.events.on("lost", changed);
  fleet.events.on("report", changed);
  // Thousands change at a time, and what holds each is asked of all: once for all that change together.
  let changes: Alert[] = [];
  const tellChanges = () => {
    const alerts = changes;
    changes = [];
    // What fails here is made up for by response's sweep.
    for (const change of alertChanges(alerting, alerts)) void response.alertChanged(change).catch(() => {});
  };
  alerting.onChange((alert) => {
    status.changed(alert.environment);
    if (changes.push(alert) === 1) setImmediate(tellChanges);
  });

  timeline.subscribe((event) => {
    live.publish("events", event);
    if (event.environment !== undefined) live.publish(`events:${event.environment}`, event);
  });
  live.topic("events", { action: "event:read" });
  live.topic("apply", { action: "apply:read", delivery: "latest", snapshot: infrastructure.applies.get });
  telemetry.serveLive(live);
  alerting.serveLive(live);
}

/** Alerts as runbooks see them: what holds them back, and whether their host is left alone. */
export function alertChanges(alerting: Alerting, alerts: readonly Alert[]): AlertChange[] {
  const held = new Map(alerting.routing.statuses().map((one) => [labelsKey(one.alert.labels), one]));
  return alerts.flatMap(({ state, ...alert }): AlertChange[] => {
    if (state === "inactive") return [];
    const { fingerprint, environment, summary } = alert;
    const labels: Record<string, string> = {
      ...{ ...alert.labels, alertname: alert.rule, env: environment, severity: alert.severity },
      ...(alert.address !== undefined && { resource: alert.address }),
    };
    const since = { pending: alert.activeSince, firing: alert.firingSince, resolved: alert.resolvedAt }[
      state
    ];
    const status = held.get(labelsKey(labels));
    const maintenance = alerting.maintenanceOf(labels);
    const other = status?.heldBy.find(({ kind }) => kind !== "maintenance");
    const muted =
      status &&
      (status.silencedBy.length > 0
        ? "a silence"
        : status.inhibitedBy.length > 0
          ? "another alert"
          : other?.reason);
    return [
      {
        ...{ fingerprint, environment, state, labels, summary, since: since ?? alert.activeSince },
        ...(muted && { heldBack: muted }),
        ...(maintenance && { maintenance: `it lies in ${maintenance.reason}` }),
      },
    ];
  });
}

/** How many instances each service should have and has. While an apply changes that, nothing is missing yet. */
/** What may ask for metrics later: rules, dashboards and runbooks, with all that they say. */
export async function mentionsOfMetrics(infrastructure: Infrastructure, insight: Insight): Promise<string[]> {
  const asking = new Set(["alert", "rules", "runbook", "dashboard", "check"]);
  const graphs = await Promise.all(
    (await infrastructure.environments()).map(({ environment }) => infrastructure.graph(environment)),
  );
  const declared = graphs.flatMap(({ resources }) => resources.filter(({ type }) => asking.has(type)));
  const shown = await Promise.all((await insight.dashboards.list()).map(insight.dashboards.find));
  return [...declared.map(({ properties }) => properties), ...shown].map((each) =>
    JSON.stringify(each ?? ""),
  );
}

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

/** What was applied last, of all environments. */
export const listGraphs = async ({ environments, graph }: Infrastructure) =>
  Promise.all((await environments()).map(({ environment }) => graph(environment)));

/** What there should be now, by the labels of its series. */
export async function listExpected(
  { environment, of }: { environment: string; of: "hosts" | "instances" | "targets" },
  { infrastructure, scraping }: { infrastructure: Infrastructure; scraping: Pick<Scraping, "targets"> },
): Promise<Labels[]> {
  if (of === "targets")
    return scraping
      .targets()
      .filter((job) => job.environment === environment)
      .flatMap(({ active }) => active.map(({ labels: { job = "", instance = "" } }) => ({ job, instance })));
  const resources = (await infrastructure.graph(environment).catch(() => undefined))?.resources ?? [];
  if (of === "hosts")
    return resources.filter(({ type }) => type === "host").map(({ name }) => ({ host: name }));
  return resources
    .filter(({ type }) => type === "service")
    .flatMap(({ name, properties: { hosts } }) =>
      Array.isArray(hosts) ? hosts.map((host: string) => ({ service: name, host })) : [],
    );
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
