import { type Address, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

export const hostScope = (host: Address) => `host ${host}`;
export const machineScope = (machine: Address) => `machine ${machine}`;

export function lostHost(host: Address, reason: string): Condition {
  const { environment, name } = parseAddress(host);
  return {
    fingerprint: fingerprint("host lost", { host }),
    rule: "host lost",
    environment,
    address: host,
    host,
    severity: "critical",
    summary: `Host ${name} is not connected: ${reason}`,
    labels: { host: name },
    forMs: 0,
  };
}

export function stoppedMachine(machine: Address): Condition {
  const { environment, name } = parseAddress(machine);
  return {
    fingerprint: fingerprint("machine stopped", { machine }),
    rule: "machine stopped",
    environment,
    address: machine,
    severity: "critical",
    summary: `Machine ${name} is stopped`,
    labels: { machine: name },
    forMs: 0,
  };
}
