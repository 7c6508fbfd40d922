import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Facts, systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { createTimeline } from "@havn/timeline";
import { WebSocket } from "ws";
import { createFleet, type FleetOptions, type MachineProvider, type MachineState } from "./index.ts";
import {
  agentMethods,
  createKeyAndRequest,
  createPeer,
  type Handlers,
  type HostReport,
  serverMethods,
} from "./protocol/index.ts";
import { putHost } from "./store.ts";

/** A fleet on a free port over a fresh database, for agents that a test plays itself. */
export async function openTestFleet(
  context: TestContext,
  options: Partial<FleetOptions["handlers"] & Pick<FleetOptions, "clock" | "machineProvider">> = {},
) {
  const dataDirectory = await mkdtemp(join(tmpdir(), "havn-fleet-"));
  const db = await testDatabase();
  const timeline = await createTimeline({ sql: db.sql, clock: systemClock });
  const fleet = await createFleet({
    ...{ sql: db.sql, clock: options.clock ?? systemClock, timeline, dataDirectory },
    resolve: async (_, value) => value,
    machineProvider: options.machineProvider,
    handlers: {
      telemetry: options.telemetry ?? (async () => {}),
      artifact: options.artifact ?? (async () => ({ size: 0, bytes: new Uint8Array() })),
      certificateNames: options.certificateNames ?? (async () => undefined),
      event: options.event ?? (async () => {}),
    },
    agent: { entry: "", nodeBinary: process.execPath },
    log: (message) => context.diagnostic(message),
  });
  const port = await fleet.gateway.listen({ port: 0, address: "127.0.0.1" });
  context.after(async () => {
    await fleet[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
    await rm(dataDirectory, { recursive: true, force: true });
  });
  /** A host as an apply would have recorded it, with a token for its agent. */
  const addHost = async (name: string, lifeMs?: number) => {
    const address = `shop/host/${name}`;
    const properties = { via: { kind: "this-computer" as const }, labels: {}, mode: "noop" as const };
    await putHost(db.sql, { address, environment: "shop", name, properties, at: 0 });
    return { address, token: await fleet.enrolment.createToken(address, lifeMs ? { lifeMs } : {}) };
  };
  return { fleet, timeline, port, sql: db.sql, dataDirectory, addHost };
}

export interface Enrolled {
  status: number;
  /** Key and certificate, PEM. */
  pem: string;
  error?: { summary: string; detail: string };
}

export async function enrol(
  target: { port: number; ca: string },
  who: { host: string; token: string },
): Promise<Enrolled> {
  const { key, request: csr } = await createKeyAndRequest(who.host);
  const { status, body } = await post(target, JSON.stringify({ ...who, request: csr }));
  const answer = JSON.parse(body) as { certificate?: string; error?: Enrolled["error"] };
  return { status, pem: key + (answer.certificate ?? ""), ...(answer.error && { error: answer.error }) };
}

export function post(
  { port, ca }: { port: number; ca: string },
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/agent/enrol", method: "POST", ca, agent: false };
    const outgoing = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Opens `/agent/v1`; rejects with the reason that the gateway gave, or the TLS error. */
export function dial(options: { port: number; ca: string; pem?: string }): Promise<WebSocket> {
  const { port, ca, pem } = options;
  const socket = new WebSocket(`wss://127.0.0.1:${port}/agent/v1`, {
    ca,
    ...(pem && { cert: pem, key: pem }),
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve(socket));
    socket.on("error", reject);
    socket.on("unexpected-response", (_, response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => reject(new Error(`${response.statusCode} ${text}`)));
    });
  });
}

export const closed = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
  });

const facts: Facts = {
  ...{ hostname: "played", kernel: "6", architecture: "x64", cpus: 1, memoryBytes: 1, addresses: [] },
  ...{ bootId: "b", init: "none", root: false, agentVersion: "test" },
  os: { id: "debian", version: "12", name: "Debian", platform: "linux" },
};

export const emptyReport = (revision = 0): HostReport => ({
  ...{ at: Date.now(), revision, instances: [], balancers: [], drift: [], fights: [] },
});

/** Calls over `socket` as an agent; what is not given in `handlers` is answered as unknown. */
export function playAgent(socket: WebSocket, handlers: Partial<Handlers<typeof agentMethods>> = {}) {
  const peer = createPeer({
    socket,
    name: "the control plane",
    incoming: agentMethods,
    outgoing: serverMethods,
    handlers: handlers as Handlers<typeof agentMethods>,
  });
  return { peer, hello: (revision = 0) => peer.call("hello", { facts, report: emptyReport(revision) }) };
}

/** Machines that are nothing but their states, for what no real one can be held still for. */
export function playMachines() {
  const states = new Map<string, MachineState>();
  const access = {
    ip: "127.0.0.9",
    sshPort: 22,
    sshUser: "root",
    hostKey: "ssh-ed25519 x",
    bridgeAddress: "127.0.0.1",
  };
  let ensured = 0;
  const provider: MachineProvider = {
    async ensure({ name }) {
      ensured++;
      states.set(name, "running");
      return access;
    },
    status: async (_, name) => states.get(name) ?? "none",
    stop: async (_, name) => void states.set(name, "stopped"),
    destroy: async (_, name) => void states.delete(name),
    list: async () => [...states].map(([name, state]) => ({ environment: "shop", name, state })),
    restoreNetwork: async () => {},
  };
  return { provider, states, access, ensured: () => ensured };
}

export const someEvent = (key: string = randomUUID()) => ({
  ...{ key, at: Date.now(), kind: "instance.exited", severity: "warning" as const },
  ...{ address: "shop/service/shop", summary: "shop-web-1 exited", data: { code: 1 } },
});

export async function eventually<T>(
  what: string,
  found: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within 30 s`);
    await systemClock.sleep(20);
  }
}
