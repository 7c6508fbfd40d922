import type { HostReport } from "@havn/fleet/protocol";
import { type Address, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";
import type { Probe } from "../store.ts";

export const checksScope = (host: Address) => `checks ${host}`;

/** Checks that fail, of those that are declared for this host. */
export function failingChecks(
  host: Address,
  report: HostReport,
  probes: ReadonlyMap<Address, Probe>,
): Condition[] {
  return report.checks.flatMap(({ address, ok, output }) => {
    const probe = probes.get(address);
    if (ok || !probe || probe.host !== host) return [];
    const { environment, name } = probe;
    return [
      {
        fingerprint: fingerprint("check", { address }),
        rule: `check ${name}`,
        environment,
        address,
        host,
        severity: probe.properties.severity,
        summary: `Check ${name} fails: ${output}`,
        labels: { check: name, host: parseAddress(host).name },
        forMs: 0,
      },
    ];
  });
}
