import { setTimeout as sleep } from "node:timers/promises";
import { type EnvironmentStatus, environmentStatusSchema, HavnError } from "@havn/model";
import { patiently } from "../api/patience.ts";
import { openRegion } from "../kit/region.ts";
import { spinnerAt } from "../views/progress.ts";
import { count, elapsed } from "../views/words.ts";
import type { Flow } from "./apply.ts";

/** Waits until every host is connected and every service is healthy; fails with what is not, and why. */
export async function waitHealthy(
  { api, io, signal }: Flow,
  environment: string,
  timeoutMs: number,
): Promise<EnvironmentStatus> {
  const path = `/api/v1/environments/${encodeURIComponent(environment)}/status`;
  const started = Date.now();
  const region = openRegion(io);
  let reasons: string[] = [];
  region.show(() =>
    reasons.length === 0
      ? []
      : [
          `  ${io.style.cyan(spinnerAt(Date.now()))} waiting until healthy ${io.style.dim(elapsed(Date.now() - started))}`,
          ...reasons.map((reason) => io.style.dim(`      ${reason}`)),
        ],
  );
  try {
    for (;;) {
      const status = await patiently(() => api.get(path, environmentStatusSchema, { signal }), { signal });
      reasons = notHealthy(status);
      if (reasons.length === 0) return status;
      if (Date.now() - started > timeoutMs)
        throw new HavnError(`${environment} is not healthy after ${elapsed(timeoutMs)}`, {
          detail: [
            `${count(reasons.length, "thing")} to look at:`,
            ...reasons.map((reason) => `  ${reason}`),
            "`havn status --watch` follows it; `havn logs SERVICE` shows what a service says.",
          ].join("\n"),
        });
      await sleep(250, undefined, { signal });
    }
  } finally {
    region.close();
  }
}

/** What keeps an environment from being healthy, one sentence each. Alerts do not count: they may be older. */
export function notHealthy(status: EnvironmentStatus): string[] {
  const hosts = status.hosts
    .filter((host) => !host.connected)
    .map(
      (host) =>
        `host ${host.name}: its agent is not connected${host.machine === "stopped" ? ", its machine is stopped" : ""}`,
    );
  const services = status.services.flatMap((service) => {
    if (service.health === "healthy") return [];
    const bad = service.instances.filter((instance) => instance.health !== "healthy");
    if (bad.length === 0) return [`service ${service.name}: ${service.health}, no instance yet`];
    return bad.map(
      ({ id, health, detail }) =>
        `service ${service.name}: instance ${id} is ${health}${detail ? `: ${detail}` : ""}`,
    );
  });
  return [...hosts, ...services];
}
