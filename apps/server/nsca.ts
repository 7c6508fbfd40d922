import type { Alerting } from "@havn/alerting";
import { startNsca } from "@havn/alerting/nsca";
import type { Clock } from "@havn/model";
import type { ServerConfig } from "./config.ts";

/** Results that send_nsca sends become those of the passive checks which name the same host and service. */
export async function listenNsca(
  config: ServerConfig["nsca"],
  { alerting, clock, log }: { alerting: Alerting; clock: Clock; log(message: string): void },
): Promise<AsyncDisposable> {
  if (!config) return { [Symbol.asyncDispose]: async () => {} };
  return startNsca({
    ...config,
    ...{ clock, log },
    async take({ host, service, state, output }) {
      const address = alerting.findNagiosCheck(host, service);
      if (address !== undefined) await alerting.reportCheck(address, { state, output });
      return address !== undefined;
    },
  });
}
