import { randomUUID } from "node:crypto";
import { type Clock, type Facts, HavnError } from "@havn/model";
import type { WebSocket } from "ws";
import {
  agentMethods,
  createPeer,
  type Handlers,
  type HostReport,
  type Peer,
  serverMethods,
} from "../protocol/index.ts";

export interface HostConnection {
  id: string;
  host: string;
  serial: string;
  peer: Peer<typeof agentMethods>;
  /** Milliseconds since the epoch of the last sign of life. */
  lastSeen: number;
  /** This computer's address as the agent reached it. */
  localAddress: string;
  /** What the agent said of its host in its hello; undefined before. */
  facts: Facts | undefined;
}

/** What connections tell the rest of the room. None of these may throw. */
export interface ConnectionListener {
  /** The agent has said hello. */
  connected(connection: HostConnection, facts: Facts, report: HostReport): void;
  report(connection: HostConnection, report: HostReport): void;
  /** Not connected, and nothing is expected any more. `connectionId` is the last connection's. */
  lost(host: string, connectionId: string, reason: string): void;
}

/** What an agent may ask; `hello` and `report` are answered here. */
export type AgentRequests = Omit<Handlers<typeof serverMethods>, "hello" | "report">;

export interface Connections extends AsyncDisposable {
  accept(socket: WebSocket, peer: { host: string; serial: string; localAddress: string }): void;
  find(host: string): HostConnection | undefined;
  /** Whether a host that is not connected is likely to be so in a moment. */
  isExpected(host: string): boolean;
  /** Told `lost` unless it connects within `milliseconds`. */
  expect(host: string, connectionId: string, milliseconds: number): void;
  /** The host's connection, once there is one that `accept` (default: any) is content with. */
  waitConnected(
    host: string,
    options: {
      timeoutMs: number;
      signal?: AbortSignal | undefined;
      accept?: (connection: HostConnection) => boolean;
    },
  ): Promise<HostConnection>;
  /** The host cannot be there: told `lost` with this reason at once, unless that was told before. */
  lose(host: string, reason: string): void;
  /** Closes the connection and forgets the host, without telling that it was lost. */
  forget(host: string, reason: string): void;
}

/** A host is lost when nothing was heard of it for this long… */
const silenceMs = 5000;
/** …or when it has not come back this long after its connection closed: an agent's restart is no loss. */
const graceMs = 2000;
const tickMs = 1000;
/** Who said something by itself just now need not be asked: of many agents, most of the work at rest is asking. */
const quietMs = 2000;
const helloTimeoutMs = 10_000;
const heartbeatMs = 5000;

export function createConnections(options: {
  clock: Clock;
  listener: ConnectionListener;
  requests(host: string): AgentRequests;
  /** Revision of what the host shall be; 0 where nothing is wanted of it yet. */
  desiredRevision(host: string): Promise<number>;
}): Connections {
  const { clock, listener } = options;
  const live = new Map<string, HostConnection & { socket: WebSocket }>();
  const expected = new Map<string, { connectionId: string; until: number; reason: string }>();
  const waiting = new Map<string, Set<(connection: HostConnection) => void>>();
  const sockets = new Set<WebSocket>();
  let lastTick = clock.now();

  function tick() {
    const now = clock.now();
    // If this process was held up, silence is its own fault: give agents the time back.
    const heldUp = now - lastTick > 2 * tickMs ? now - lastTick : 0;
    lastTick = now;
    for (const connection of live.values()) {
      connection.lastSeen += heldUp;
      if (now - connection.lastSeen > silenceMs) drop(connection, `silent for ${silenceMs / 1000} s`, 0);
      else if (now - connection.lastSeen >= quietMs - tickMs / 2 && isOpen(connection))
        connection.socket.ping();
    }
    for (const [host, { connectionId, until, reason }] of expected) {
      if (now < until + heldUp) continue;
      expected.delete(host);
      listener.lost(host, connectionId, reason);
    }
  }
  const ticking = setInterval(tick, tickMs);
  const isOpen = ({ socket }: { socket: WebSocket }) => socket.readyState === socket.OPEN;

  function drop(connection: HostConnection & { socket: WebSocket }, reason: string, grace: number) {
    connection.socket.terminate();
    if (live.get(connection.host) !== connection) return;
    live.delete(connection.host);
    expected.set(connection.host, { connectionId: connection.id, until: clock.now() + grace, reason });
  }

  function adopt(connection: HostConnection & { socket: WebSocket }) {
    const older = live.get(connection.host);
    live.set(connection.host, connection);
    expected.delete(connection.host);
    if (older && older !== connection) older.socket.close(4000, "a newer connection of this host took over");
    for (const found of [...(waiting.get(connection.host) ?? [])]) found(connection);
  }

  return {
    accept(socket, { host, serial, localAddress }) {
      sockets.add(socket);
      const helloTimer = setTimeout(() => socket.close(1008, "no hello came"), helloTimeoutMs);
      const connection: HostConnection & { socket: WebSocket } = {
        id: randomUUID(),
        host,
        serial,
        localAddress,
        socket,
        facts: undefined,
        lastSeen: clock.now(),
        peer: createPeer({
          socket,
          name: host,
          incoming: serverMethods,
          outgoing: agentMethods,
          handlers: {
            hello: async ({ facts, report }) => {
              clearTimeout(helloTimer);
              const revision = await options.desiredRevision(host);
              if (socket.readyState !== socket.OPEN) throw new HavnError("The connection fell");
              connection.facts = facts;
              adopt(connection);
              listener.connected(connection, facts, report);
              return { heartbeatMs, revision };
            },
            report: async (report) => {
              listener.report(connection, report);
              return {};
            },
            ...options.requests(host),
          },
        }),
      };
      const alive = () => {
        connection.lastSeen = clock.now();
      };
      socket.on("message", alive);
      socket.on("pong", alive);
      socket.on("ping", alive);
      socket.on("error", () => socket.terminate());
      socket.on("close", () => {
        clearTimeout(helloTimer);
        sockets.delete(socket);
        drop(connection, "its connection closed", graceMs);
      });
    },
    find: (host) => live.get(host),
    isExpected: (host) => expected.has(host),
    expect(host, connectionId, milliseconds) {
      if (live.has(host)) return;
      expected.set(host, { connectionId, until: clock.now() + milliseconds, reason: "it did not come back" });
    },
    waitConnected(host, { timeoutMs, signal, accept = () => true }) {
      const connection = live.get(host);
      if (connection && accept(connection)) return Promise.resolve(connection);
      return new Promise((resolve, reject) => {
        const finish = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", aborted);
          others.delete(found);
          if (others.size === 0) waiting.delete(host);
        };
        const found = (connected: HostConnection) => {
          if (!accept(connected)) return;
          finish();
          resolve(connected);
        };
        const aborted = () => {
          finish();
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          finish();
          reject(notConnected(host, timeoutMs));
        }, timeoutMs);
        const others = waiting.get(host) ?? new Set();
        waiting.set(host, others.add(found));
        if (signal?.aborted) return aborted();
        signal?.addEventListener("abort", aborted, { once: true });
      });
    },
    lose(host, reason) {
      const connection = live.get(host);
      if (connection) drop(connection, reason, 0);
      const awaited = expected.get(host);
      if (awaited) expected.set(host, { ...awaited, reason, until: clock.now() });
    },
    forget(host, reason) {
      const connection = live.get(host);
      live.delete(host);
      expected.delete(host);
      connection?.socket.close(4001, reason);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(ticking);
      live.clear();
      expected.clear();
      for (const socket of sockets) socket.terminate();
    },
  };
}

export function notConnected(host: string, waitedMs = 0): HavnError {
  return new HavnError(
    waitedMs > 0
      ? `The agent of ${host} did not connect within ${waitedMs / 1000} s`
      : `The agent of ${host} is not connected`,
    {
      detail:
        "Is the machine up, and does its agent run (systemctl status havn-agent)? Apply starts it again.",
      status: 503,
      retryable: true,
    },
  );
}
