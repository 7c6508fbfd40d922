import { type Address, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

export const hostScope = (host: Address) => `host ${host}`;

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
