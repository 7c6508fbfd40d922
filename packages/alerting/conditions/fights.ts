import type { HostReport } from "@havn/fleet/protocol";
import { type Address, parseAddress } from "@havn/model";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

export const fightsScope = (host: Address) => `fights ${host}`;

/** So many of one host are told one by one. */
const most = 100;

/** Resources of the host that its agent mends again and again, since something else keeps changing them back. */
export function resourceFights(host: Address, { fights }: Pick<HostReport, "fights">): Condition[] {
  const { environment, name } = parseAddress(host);
  // Of others an agent knows nothing.
  const own = new RegExp(`^${environment}/[a-z.]+/${name}:.`, "s");
  return fights
    .filter(({ address }) => own.test(address))
    .slice(0, most)
    .map(({ address }) => ({
      fingerprint: fingerprint("resource fight", { address }),
      rule: "resource fight",
      environment,
      address,
      host,
      severity: "warning",
      summary: `${address} does not stay as it is declared: something else on ${name} keeps changing it back`,
      labels: { host: name, type: parseAddress(address).type },
      forMs: 0,
    }));
}
