import { type ResourceReading, resourceReading } from "@havn/fleet/protocol";
import type { Resource } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import { z } from "zod";
import type { InfrastructureOptions } from "./interfaces.ts";
import { readHosts } from "./planning/read-hosts.ts";
import { readRecorded } from "./store.ts";

export const driftSchema = z.object({
  drift: z.array(resourceReading.extend({ host: z.string() })),
  checkedAt: z
    .number()
    .optional()
    .describe("when the host that was looked at longest ago was; absent: none was yet"),
});
export type Drift = z.infer<typeof driftSchema>;

/**
 * What on the hosts is not as it was applied last: as their agents told it last, or with `refresh` as they read it now.
 * Hosts that are not connected are left out.
 */
export async function findDrift(
  environment: string,
  refresh: boolean,
  options: Pick<InfrastructureOptions, "sql" | "clock" | "hosts" | "hostConnected" | "hostReport">,
): Promise<Drift> {
  const { resources } = await readRecorded(options.sql, environment);
  const reachable = resources.filter((resource) => {
    const host = hostAddressOf(resource);
    return host !== undefined && options.hostConnected(host);
  });
  return refresh ? readNow(reachable, options) : readReports(reachable, options);
}

async function readNow(
  resources: readonly Resource[],
  options: Pick<InfrastructureOptions, "clock" | "hosts">,
): Promise<Drift> {
  const checkedAt = options.clock.now();
  const readings = await readHosts({ resources, remove: [], order: [] }, options);
  const drift = resources.flatMap(({ address, host = "" }) => {
    const reading = readings.of.get(address);
    if (!reading || reading.action === "no-op") return [];
    const { action, changes, reason } = reading;
    return [{ address, host, action, changes, ...(reason !== undefined && { error: reason }) }];
  });
  return { drift, checkedAt };
}

function readReports(
  resources: readonly Resource[],
  { hostReport }: Pick<InfrastructureOptions, "hostReport">,
): Drift {
  const hostOf = new Map(resources.map((resource) => [resource.address, resource.host ?? ""]));
  const reports = [...new Set(resources.flatMap((resource) => hostAddressOf(resource) ?? []))].flatMap(
    (host) => hostReport(host) ?? [],
  );
  const times = reports.flatMap(({ driftCheckedAt }) => driftCheckedAt ?? []);
  return {
    // An agent may not have heard yet that a resource is gone.
    drift: reports.flatMap(({ drift }) =>
      drift.flatMap((reading: ResourceReading) => {
        const host = hostOf.get(reading.address);
        return host === undefined ? [] : [{ ...reading, host }];
      }),
    ),
    ...(times.length > 0 && { checkedAt: Math.min(...times) }),
  };
}
