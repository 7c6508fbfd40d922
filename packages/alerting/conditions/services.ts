import { type Address, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

export interface ServiceCount {
  address: Address;
  wanted: number;
  healthy: number;
  /** Names of hosts that should have a healthy instance and have none. */
  missingOn?: readonly string[];
}

export const servicesScope = "services";

/** The label with the names of several hosts that should have an instance. */
export const missingLabel = "missing_on";

/** Without a balancer a rollout stops the old instance first: that long is no trouble. */
const planned = 15_000;

export function shortServices(services: readonly ServiceCount[]): Condition[] {
  return services
    .filter(({ wanted, healthy }) => healthy < wanted)
    .map(({ address, wanted, healthy, missingOn = [] }) => {
      const { environment, name } = parseAddress(address);
      return {
        fingerprint: fingerprint("service short", { address }),
        rule: "service below wanted instances",
        environment,
        address,
        severity: healthy === 0 ? ("critical" as const) : ("warning" as const),
        summary: `Service ${name} has ${healthy} of ${wanted} instances healthy`,
        // What is missing on hosts that are lost follows from that: it is shown and not told.
        labels: {
          service: name,
          ...(missingOn.length === 1 && missingOn[0] && { host: missingOn[0] }),
          ...(missingOn.length > 1 && { [missingLabel]: missingOn.join(",") }),
        },
        value: healthy,
        forMs: planned,
      };
    });
}
