import { type Address, type CheckResult, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";
import type { Suppression } from "../checks/reachability.ts";
import type { Probe } from "../store.ts";

export const checkScope = (address: Address) => `check ${address}`;
export const isCheckScope = (scope: string) => scope.startsWith("check ");

/** The label of alerts that are shown and not told: names of the checks that they lie behind. */
export const behindLabel = "behind";

/** What is wrong by a check's last result; nothing while its trouble is soft. */
export function checkCondition(probe: Probe, result: CheckResult, held: Suppression): Condition | undefined {
  if (result.hardState === "ok" && !result.flapping) return undefined;
  const { environment, name, properties } = probe;
  const behind = [...held.unreachable, ...held.dependsOn].map((address) => parseAddress(address).name);
  // The probing host's own loss explains what it finds; a check of the control plane has none.
  const host = probe.host === "" ? undefined : probe.host;
  return {
    fingerprint: fingerprint("check", {
      address: probe.address,
      ...(properties.volatile && { trouble: String(result.troubles) }),
    }),
    rule: `check ${name}`,
    environment,
    address: probe.address,
    ...(host !== undefined && { host }),
    severity: severityOf(probe, result),
    summary: summaryOf(probe, result, behind),
    labels: {
      ...properties.labels,
      check: name,
      ...(host !== undefined && { host: parseAddress(host).name }),
      ...(properties.volatile && { trouble: String(result.troubles) }),
      ...(behind.length > 0 && { [behindLabel]: behind.join(",") }),
    },
    forMs: 0,
  };
}

/** A warning wakes nobody, and neither does a plugin that cannot tell. */
function severityOf({ properties }: Probe, { hardState, state }: CheckResult): Condition["severity"] {
  const worst = hardState === "ok" ? state : hardState;
  if (worst === "critical" || properties.severity === "info") return properties.severity;
  return "warning";
}

function summaryOf(
  { name }: Probe,
  { flapping, flapPercent, output, hardState }: CheckResult,
  behind: string[],
): string {
  const after = behind.length > 0 ? ` (it lies behind ${behind.join(", ")})` : "";
  if (flapping) return `Check ${name} flaps (${flapPercent.toFixed(0)} % change): ${output}${after}`;
  const verb = hardState === "critical" ? "fails" : hardState === "warning" ? "warns" : "cannot tell";
  return `Check ${name} ${verb}: ${output}${after}`;
}
