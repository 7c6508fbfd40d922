import { once } from "node:events";
import { agentMethods, createPeer, type Handlers, type Peer, serverMethods } from "@havn/fleet/protocol";
import { systemClock as clock, type Facts } from "@havn/model";
import { batchOf, markResent, rowsPerBatch } from "@havn/telemetry/testing";
import { WebSocket } from "ws";

export interface Sender {
  /** Numbers of the batches and events that were acknowledged. */
  acknowledged: { samples: Set<number>; logs: Set<number>; events: Set<number> };
  /** Sends what was begun until all of it is acknowledged. */
  finish(): Promise<void>;
}

const facts: Facts = {
  ...{ hostname: "sender", kernel: "6", architecture: "x64", cpus: 1, memoryBytes: 1, addresses: [] },
  ...{ bootId: "b", init: "none", root: false, agentVersion: "bench" },
  os: { id: "debian", version: "12", name: "Debian", platform: "linux" },
};

const pauseMs = 15;

/**
 * Speaks as the agent of `host` over its own certificate: numbered batches of samples and of log lines, and numbered
 * events, each kind one after the other. What was not acknowledged is sent again over the next connection, as agents do.
 */
export function startSender(target: { port: number; ca: string; pem: string; host: string }): Sender {
  const acknowledged: Sender["acknowledged"] = { samples: new Set(), logs: new Set(), events: new Set() };
  let finishing = false;
  let connecting: Promise<Connection> | undefined;

  /** The one connection there is, or a new one: two of one host would push each other out. */
  function connected(): Promise<Connection> {
    connecting ??= connect(target, () => {
      connecting = undefined;
    });
    return connecting;
  }

  async function sendAll(
    send: (at: Connection, number: number, resent: boolean) => Promise<void>,
    done: Set<number>,
  ) {
    for (let number = 0; !finishing; number++) {
      for (let resent = false; !done.has(number); resent = true) {
        try {
          await send(await connected(), number, resent);
          done.add(number);
        } catch {
          await clock.sleep(50);
        }
      }
      await clock.sleep(pauseMs);
    }
  }

  const push = (kind: "samples" | "logs") => async (at: Connection, number: number, resent: boolean) => {
    const bytes = batchOf(kind, number);
    if (resent) markResent(bytes);
    const params = { kind, batch: `${kind}-${number}`, rows: rowsPerBatch };
    await at.peer.call("telemetry.push", params, { bytes, timeoutMs: 15_000 });
  };
  const tell = async (at: Connection, number: number) => {
    const event = {
      ...{ key: `kill-${number}`, at: Date.now(), kind: "drift.found", severity: "info" as const },
      ...{ summary: `event ${number}`, data: { number } },
    };
    await at.peer.call("events.push", { events: [event] }, { timeoutMs: 15_000 });
  };
  const work = Promise.all([
    sendAll(push("samples"), acknowledged.samples),
    sendAll(push("logs"), acknowledged.logs),
    sendAll(tell, acknowledged.events),
  ]);
  return {
    acknowledged,
    async finish() {
      finishing = true;
      await work;
      (await connected()).peer.close("done");
    },
  };
}

interface Connection {
  peer: Peer<typeof serverMethods>;
}

type Target = Parameters<typeof startSender>[0];

/** `fallen` is called once, when there is no connection (any more). */
async function connect({ port, ca, pem }: Target, fallen: () => void): Promise<Connection> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/agent/v1`, { ca, cert: pem, key: pem });
  socket.once("close", fallen);
  socket.on("error", () => undefined);
  await once(socket, "open", { signal: AbortSignal.timeout(10_000) });
  const peer = createPeer({
    socket,
    name: "the control plane",
    incoming: agentMethods,
    outgoing: serverMethods,
    // Nothing is asked of a host that only sends, but to remember what it shall be.
    handlers: {
      "desired.put": async ({ revision }) => ({ revision }),
      "facts.read": async () => facts,
    } as Partial<Handlers<typeof agentMethods>> as Handlers<typeof agentMethods>,
  });
  const report = { at: Date.now(), revision: 0, instances: [], balancers: [], drift: [], fights: [] };
  await peer.call("hello", { facts, report }).catch((error) => {
    socket.terminate();
    throw error;
  });
  return { peer };
}
