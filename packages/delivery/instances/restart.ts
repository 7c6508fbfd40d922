import { parseDuration, type ServiceProperties } from "@havn/model";
import type { HostAccess } from "../hosts.ts";
import type { DeliveryOptions } from "../interfaces.ts";
import type { InstanceRow } from "../store.ts";

export interface RestartTools extends Pick<DeliveryOptions, "report"> {
  access: HostAccess;
  properties: Pick<ServiceProperties, "startTimeout" | "stopGrace">;
}

/** Beyond what the agent itself may take to answer. */
const slack = 15_000;

/**
 * Ends an instance, starts it anew and waits until it is healthy. One that runs since `since` was restarted already: a
 * restart that was cut short is taken up where it was.
 */
export async function restartInstance(
  { access, report, properties }: RestartTools,
  row: InstanceRow,
  since: number,
): Promise<void> {
  const host = access.key(row.environment, row.host);
  const startTimeout = parseDuration(properties.startTimeout);
  const seen = report(host)?.instances.find(({ id }) => id === row.id);
  if (seen === undefined || seen.since < since) {
    const timeoutMs = parseDuration(properties.stopGrace) + slack;
    await access.call(host, "instance.stop", { id: row.id }, { timeoutMs });
  }
  // Its environment still holds references; fleet resolves them on the way, and only there.
  const spec = await access.instanceSpec(row);
  await access.call(host, "instance.start", spec as never, { timeoutMs: 300_000 });
  const request = { id: row.id, timeoutMs: startTimeout };
  await access.call(host, "instance.waitHealthy", request, { timeoutMs: startTimeout + slack });
}
