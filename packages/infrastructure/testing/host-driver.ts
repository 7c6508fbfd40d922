// Runs on a lab machine: one call of the agent's half, parameters as JSON on standard input, answer on standard output.
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { systemClock } from "@havn/model";
import { createResourceHost } from "../host.ts";

const [method = "", params] = JSON.parse(await text(process.stdin));
const host = await createResourceHost({
  stateDirectory: "/var/lib/havn-test",
  clock: systemClock,
  controlPlane: { reach, certify: () => Promise.reject(new Error("there is no authority here")) },
});
const answer =
  method === "apply"
    ? await host.apply(params)
    : method === "drift"
      ? await host.drift(params)
      : await host.read(params.resources, params.secrets);
process.stdout.write(JSON.stringify(answer));

/** What stands for the control plane is whoever listens at HAVN_REACH (address:port). */
async function reach(signal: AbortSignal): Promise<void> {
  const [address, port] = (process.env.HAVN_REACH ?? "").split(":");
  while (!signal.aborted) {
    const socket = connect({ host: address, port: Number(port) });
    try {
      await once(socket, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(1000)]) });
      return;
    } catch {
      await systemClock.sleep(100);
    } finally {
      socket.destroy();
    }
  }
  throw signal.reason;
}
