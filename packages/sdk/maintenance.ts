import {
  type CommonOptions,
  type Dependency,
  declare,
  type Handle,
  isHandle,
  listOf,
  type MaintenanceWindowOptions,
} from "./environment.ts";

export interface MaintenanceOptions extends CommonOptions {
  /**
   * When: by cron's words or by an RRULE, in wall time of an IANA zone (UTC where left out).
   * @example windows: [{ rrule: "FREQ=MONTHLY;BYDAY=2TU", from: "2026-01-13T22:00", for: "4h", zone: "Europe/Oslo" }]
   */
  windows: readonly MaintenanceWindowOptions[];
  /**
   * Hosts, services and checks, with all that is on them. Default: all of the environment.
   * @example of: [web1, shop]
   */
  of?: Dependency | readonly Dependency[];
  /**
   * Matchers of alerts: only those are held, and agents mend as ever. Default: all of it.
   * @example match: ['severity!="critical"']
   */
  match?: readonly string[];
  /**
   * Why, as others see it.
   * @example reason: "patches"
   */
  reason: string;
}

/** Times in which nothing is mended and nobody is told. */
export interface MaintenanceHandle extends Handle {
  readonly type: "maintenance";
}

/**
 * Times in which agents mend nothing and nobody is told of alerts there, whether they come from rules, checks,
 * heartbeats or others' Alertmanager. They are shown.
 *
 * @example maintenance("patches", { windows: [{ schedule: "0 2 * * sat", for: "4h", zone: "Europe/Oslo" }], of: web1, reason: "patches" });
 */
export function maintenance(name: string, options: MaintenanceOptions): MaintenanceHandle {
  const { of, dependsOn, ...rest } = options;
  const places = of === undefined ? undefined : listOf(of);
  const { address } = declare({
    type: "maintenance",
    name,
    properties: {
      ...rest,
      ...(places && { of: places.map((one) => (isHandle(one) ? one.resource : one)) }),
    },
    after: [...(places ?? []), ...listOf(dependsOn)],
  });
  return { type: "maintenance", name, resource: address };
}
