import { randomBytes } from "node:crypto";
import { request } from "node:https";
import {
  agentMethods,
  createKeyAndRequest,
  createPeer,
  type Handlers,
  serverMethods,
} from "@havn/fleet/protocol";
import { type Facts, systemClock } from "@havn/model";
import { WebSocket } from "ws";

/**
 * Agents that are simulated: each enrols with a token, holds a connection over mutual TLS and sends the heartbeats of a
 * real one; what it is asked to read is as it shall be. Started by scale.ts, which sends who they are; answers "ready"
 * once all have said hello.
 */
export interface Order {
  port: number;
  ca: string;
  /** What agents call their version. */
  version: string;
  agents: { host: string; token: string }[];
}

process.on("message", async (order: Order) => {
  const waiting = order.agents.values();
  const connectSome = async () => {
    for (const agent of waiting) await connect(order, agent);
  };
  await Promise.all(Array.from({ length: 16 }, connectSome));
  process.send?.("ready");
});

async function connect({ port, ca, version }: Order, agent: Order["agents"][number]): Promise<void> {
  const { key, request: csr } = await createKeyAndRequest(agent.host);
  const certificate = await enrol({ port, ca }, JSON.stringify({ ...agent, request: csr }));
  const pem = key + certificate;
  const socket = new WebSocket(`wss://127.0.0.1:${port}/agent/v1`, {
    ca,
    cert: pem,
    key: pem,
    perMessageDeflate: false,
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  let revision = 0;
  const handlers: Partial<Handlers<typeof agentMethods>> = {
    "resources.read": async ({ resources }) => ({
      readings: resources.map(({ address }) => ({
        address,
        action: "no-op",
        changes: [],
        certainty: "exact",
      })),
    }),
    "desired.put": async (desired) => {
      revision = desired.revision;
      return { revision };
    },
  };
  const peer = createPeer({
    ...{ socket, name: "the control plane", incoming: agentMethods, outgoing: serverMethods },
    handlers: handlers as Handlers<typeof agentMethods>,
  });
  const report = () => ({
    at: systemClock.now(),
    revision,
    instances: [],
    balancers: [],
    drift: [],
    fights: [],
  });
  const { result } = await peer.call("hello", { facts: factsOf(version), report: report() });
  void beat(() => peer.call("report", report()), result.heartbeatMs);
}

/** As often as a real one; not all in the same moment. */
async function beat(send: () => Promise<unknown>, everyMs: number): Promise<void> {
  await systemClock.sleep(Math.random() * everyMs);
  for (;;) {
    // At the end the server goes first.
    const sent = await send().catch(() => undefined);
    if (!sent) return;
    await systemClock.sleep(everyMs);
  }
}

const factsOf = (agentVersion: string): Facts => ({
  ...{ hostname: "simulated", kernel: "6.1", architecture: "x64", cpus: 2, memoryBytes: 4e9, addresses: [] },
  ...{ bootId: randomBytes(8).toString("hex"), init: "systemd", root: true, agentVersion },
  os: { id: "debian", version: "12", name: "Debian", platform: "linux" },
});

function enrol({ port, ca }: { port: number; ca: string }, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/agent/enrol", method: "POST", ca, agent: false };
    const outgoing = request(options, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      if (response.statusCode === 200) resolve((JSON.parse(text) as { certificate: string }).certificate);
      else reject(new Error(`enrolment: ${response.statusCode} ${text}`));
    });
    outgoing.on("error", reject).end(body);
  });
}
