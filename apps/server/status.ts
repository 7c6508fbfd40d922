import type { Live } from "@havn/http";
import { defineRoute, type Route } from "@havn/http";
import {
  type Alert,
  type Apply,
  type BalancerStatus,
  type Clock,
  type EnvironmentStatus,
  environmentStatusSchema,
  HavnError,
  type Health,
  type HostStatus,
  healthSchema,
  type ServiceStatus,
} from "@havn/model";
import { z } from "zod";

/** The rooms' parts of the picture. */
export interface StatusSources {
  /** Names and numbers of resources of every environment that was applied or is being applied. */
  environments(): Promise<{ environment: string; resources: number }[]>;
  hosts(environment: string): Promise<HostStatus[]>;
  delivery(environment: string): Promise<{ services: ServiceStatus[]; balancers: BalancerStatus[] }>;
  alerts(environment: string): Promise<Alert[]> | Alert[];
  runningApplies(environment: string): Promise<Apply[]>;
}

export interface Status {
  find(environment: string): Promise<EnvironmentStatus | undefined>;
  /** Says that something of the environment changed: whoever looks gets the new picture, at most twice a second. */
  changed(environment: string): void;
  routes: Route[];
}

const publishEveryMs = 500;

export function createStatus(sources: StatusSources, { live, clock }: { live: Live; clock: Clock }): Status {
  async function find(environment: string): Promise<EnvironmentStatus | undefined> {
    const known = (await sources.environments()).find((entry) => entry.environment === environment);
    if (!known) return undefined;
    const [hosts, { services, balancers }, alerts, applies] = await Promise.all([
      sources.hosts(environment),
      sources.delivery(environment),
      sources.alerts(environment),
      sources.runningApplies(environment),
    ]);
    const open = alerts.filter((alert) => alert.state === "firing" || alert.state === "pending");
    return {
      environment,
      health: overallHealth(hosts, services, open),
      resources: known.resources,
      hosts,
      services,
      balancers,
      alerts: open,
      activity: applies.map(({ id, kind, steps }) => ({ id, kind, detail: describeProgress(steps) })),
    };
  }

  const dirty = new Set<string>();
  let publishing: Promise<void> | undefined;

  async function publishDirty(): Promise<void> {
    await clock.sleep(publishEveryMs);
    const environments = [...dirty];
    dirty.clear();
    for (const environment of environments) {
      const topic = `status:${environment}`;
      if (live.hasSubscribers(topic)) live.publish(topic, await find(environment));
    }
  }

  function changed(environment: string): void {
    dirty.add(environment);
    publishing ??= publishDirty()
      .catch(() => undefined) // the next change, at the latest the next heartbeat, publishes again
      .finally(() => {
        publishing = undefined;
        const [left] = dirty;
        if (left !== undefined) changed(left);
      });
  }

  live.topic("status", { action: "environment:read", delivery: "latest", snapshot: find });
  return { find, changed, routes: statusRoutes(sources, find) };
}

/** What a person should worry about most. */
export function overallHealth(
  hosts: readonly HostStatus[],
  services: readonly ServiceStatus[],
  open: readonly Alert[],
): Health {
  const worst = (...candidates: Health[]) =>
    candidates.find((health) => services.some((s) => s.health === health));
  if (
    hosts.some((host) => !host.connected) ||
    worst("unhealthy") ||
    open.some((alert) => alert.state === "firing")
  )
    return "unhealthy";
  return worst("starting", "stopped", "unknown") ?? (hosts.length > 0 ? "healthy" : "unknown");
}

function describeProgress(steps: Apply["steps"]): string {
  const done = steps.filter((step) => step.state === "done" || step.state === "skipped").length;
  const now = steps.find((step) => step.state === "running");
  return `${done} of ${steps.length} done${now ? `, ${now.address}${now.detail ? `: ${now.detail}` : ""}` : ""}`;
}

function statusRoutes(
  sources: StatusSources,
  find: (environment: string) => Promise<EnvironmentStatus | undefined>,
): Route[] {
  const summary = z.object({
    environment: z.string(),
    health: healthSchema,
    hosts: z.number().int(),
    services: z.number().int(),
    alerts: z.number().int(),
  });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/environments",
      summary: "Every environment at a glance",
      access: { action: "environment:read" },
      response: z.object({ environments: z.array(summary) }),
      handle: async () => {
        const names = (await sources.environments()).map(({ environment }) => environment);
        const statuses = await Promise.all(names.map(find));
        return {
          environments: statuses
            .filter((status) => status !== undefined)
            .map(({ environment, health, hosts, services, alerts }) => ({
              ...{ environment, health },
              ...{ hosts: hosts.length, services: services.length, alerts: alerts.length },
            })),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/status",
      summary: "Hosts, services, balancers, alerts and what is under way",
      access: { action: "environment:read", resource: ({ params }) => params.environment },
      params: z.object({ environment: z.string() }),
      response: environmentStatusSchema,
      handle: async ({ params }) => {
        const status = await find(params.environment);
        if (status) return status;
        throw new HavnError(`There is no environment "${params.environment}"`, {
          detail: "`havn status` without a name lists them; `havn up` makes one.",
          status: 404,
        });
      },
    }),
  ];
}
