import { request } from "node:https";
import type { Clock } from "@havn/model";
import type { Identity } from "./identity.ts";

const tryMs = 3000;
const pauseMs = 250;

/**
 * Resolves once one of `servers` has answered over a connection made after the call: whatever it answers, its
 * certificate proves that it is the control plane. Tries until `signal` aborts, then throws.
 */
export async function reachAny(
  servers: readonly string[],
  identity: Identity,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const answers = servers.map((server) =>
      ask(server, identity, AbortSignal.any([signal, AbortSignal.timeout(tryMs)])),
    );
    const reached = await Promise.any(answers).then(
      () => true,
      () => false,
    );
    if (reached) return;
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
  throw signal.reason;
}

function ask(server: string, { pem, ca }: Identity, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that stands already proves nothing about new ones.
    request(new URL("/agent/v1", server), { ca, cert: pem, key: pem, agent: false, signal })
      .on("response", (response) => {
        response.resume();
        resolve();
      })
      .on("error", reject)
      .end();
  });
}
