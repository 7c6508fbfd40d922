import type {
  Alert,
  AlertHold,
  BalancerStatus,
  EnvironmentStatus,
  HostStatus,
  ServiceStatus,
} from "@havn/model";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import { ago, bytes, count, healthMark, paintHealth, paintSeverity, roughly } from "./words.ts";

export interface ViewContext {
  style: Style;
  now: number;
}

/** One environment at a glance. */
export function statusView(status: EnvironmentStatus, { style, now }: ViewContext): string {
  const { environment, health, resources, hosts, services, balancers, alerts, activity } = status;
  const firing = alerts.filter((alert) => alert.state === "firing").length;
  const lines = [
    [
      `${healthMark(health, style)} ${style.bold(environment)}  ${paintHealth(health, health, style)}`,
      count(resources, "resource"),
      firing > 0 ? style.red(`${count(firing, "alert")} firing`) : "no alert firing",
    ].join("  "),
  ];
  const section = (title: string, rows: string[]) => {
    if (rows.length > 0) lines.push("", style.bold(title), ...rows);
  };
  section(
    "Hosts",
    alignColumns(
      hosts.map((host) => hostRow(host, style, now)),
      "  ",
    ),
  );
  section(
    "Services",
    services.flatMap((service) => serviceLines(service, style, now)),
  );
  section(
    "Balancers",
    balancers.flatMap((balancer) => balancerLines(balancer, style)),
  );
  section("Alerts", alertRows(alerts, { style, now }));
  section(
    "Now",
    activity.map(({ kind, detail }) => `  ${kind}: ${printable(detail)}`),
  );
  return lines.join("\n");
}

function hostRow(host: HostStatus, style: Style, now: number): string[] {
  const mark = host.connected ? style.green("●") : style.red("✗");
  const facts =
    host.facts &&
    `${host.facts.os.name}, ${count(host.facts.cpus, "core")}, ${bytes(host.facts.memoryBytes)}`;
  const drift =
    host.driftedResources > 0 ? style.yellow(`${count(host.driftedResources, "resource")} drifted`) : "";
  return [`${mark} ${host.name}`, connection(host, style, now), host.ip ?? "", facts ?? "", drift];
}

function connection(host: HostStatus, style: Style, now: number): string {
  if (host.connected) return "connected";
  const machine = host.machine === "stopped" ? "machine stopped" : "not connected";
  return style.red(
    host.lastSeen ? `${machine}, last seen ${ago(host.lastSeen, now)}` : `${machine}, never seen`,
  );
}

function serviceLines(service: ServiceStatus, style: Style, now: number): string[] {
  const { name, health, url, release, rollout, instances } = service;
  const which = release
    ? `release ${release.number} (${release.id.slice(0, 8)}), ${ago(release.createdAt, now)}`
    : "no release";
  const rows = instances.map((instance) => [
    `${healthMark(instance.health, style)} ${instance.host}:${instance.port}`,
    paintHealth(instance.health, instance.health, style),
    instance.release.slice(0, 8),
    instance.since === undefined ? "" : `for ${roughly(now - instance.since)}`,
    instance.restarts > 0 ? style.yellow(count(instance.restarts, "restart")) : "",
    instance.detail === undefined ? "" : style.dim(printable(instance.detail)),
  ]);
  const head = `  ${healthMark(health, style)} ${style.bold(name)}  ${paintHealth(health, health, style)}`;
  return [
    [head, url && style.cyan(url), which].filter(Boolean).join("  "),
    ...(rollout && rollout.state !== "finished"
      ? [`      ${style.yellow(`rollout ${rollout.state}`)}: ${printable(rollout.detail)}`]
      : []),
    ...alignColumns(rows, "      "),
  ];
}

function balancerLines(balancer: BalancerStatus, style: Style): string[] {
  const { name, host, service, url, slots } = balancer;
  const rows = slots
    .filter((slot) => slot.instance !== undefined)
    .map(({ slot, instance = "", state, sessions }) => [
      slot,
      instance,
      state === "UP" ? style.green(state) : style.yellow(state),
      count(sessions, "session"),
    ]);
  const head = [`  ${style.bold(name)}`, url && style.cyan(url), `${service} on ${host}`];
  return [head.filter(Boolean).join("  "), ...alignColumns(rows, "      ")];
}

type HeldAlert = Alert & { held?: readonly AlertHold[] };

export function alertRows(alerts: readonly HeldAlert[], { style, now }: ViewContext): string[] {
  const rows = alerts.map((alert) => [
    paintSeverity(alert.severity, alert.severity, style),
    alert.state === "firing" ? style.red(alert.state) : alert.state,
    style.bold(alert.rule),
    printable(alert.summary),
    style.dim(
      alert.resolvedAt
        ? `resolved ${ago(alert.resolvedAt, now)}`
        : `since ${roughly(now - alert.activeSince)}`,
    ),
    style.dim(heldText(alert.held ?? [], now)),
  ]);
  return alignColumns(rows, "  ");
}

/** Why nobody is told of it. */
function heldText(held: readonly AlertHold[], now: number): string {
  if (held.length === 0) return "";
  const reasons = held.map(({ reason, until }) =>
    until === undefined ? reason : `${reason}, for ${roughly(until - now)} more at most`,
  );
  return `held: ${printable(reasons.join("; "))}`;
}
