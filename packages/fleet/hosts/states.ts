import type { Facts } from "@havn/model";
import { type Clock, HavnError, type NewEvent, parseAddress, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { HostConnection } from "../gateway/connections.ts";
import * as store from "../store.ts";

/** Tells the timeline when a host is connected or lost, once each, whatever falls in between. */
export interface HostStates extends AsyncDisposable {
  connected(connection: HostConnection, facts: Facts): void;
  lost(host: string, connectionId: string, reason: string): void;
}

export function createHostStates(options: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  log(message: string): void;
}): HostStates {
  const { sql, clock, timeline } = options;
  const closing = new AbortController();
  /** Per host, so that a loss is never written after the connection that ended it. */
  const queues = new Map<string, Promise<void>>();

  function enqueue(host: string, work: () => Promise<void>): void {
    const next = (queues.get(host) ?? Promise.resolve()).then(() => untilDone(host, work));
    queues.set(host, next);
    void next.then(() => {
      if (queues.get(host) === next) queues.delete(host);
    });
  }

  /** The database may be away for a moment; what happened is written when it is back. */
  async function untilDone(host: string, work: () => Promise<void>): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        options.log(`state of ${host} was not written, trying again: ${describeError(error)}`);
        await clock.sleep(500, closing.signal);
      }
    }
  }

  const tell = (host: string, event: Omit<NewEvent, "environment" | "address" | "host">) =>
    timeline.write({
      ...event,
      environment: parseAddress(host).environment,
      address: host,
      host,
      actor: "havn",
    });

  return {
    connected(connection, facts) {
      const { host, id, serial } = connection;
      const at = clock.now();
      enqueue(host, async () => {
        const before = await store.findHost(sql, host);
        await store.recordConnection(sql, { address: host, connectionId: id, facts, at });
        await store.revokeOlderCertificates(sql, host, serial, at);
        if (!before || before.state === "connected") return;
        await tell(host, {
          kind: "host.connected",
          at,
          summary: `${parseAddress(host).name} is connected.`,
          data: { bootId: facts.bootId, agentVersion: facts.agentVersion },
          key: `host.connected:${host}:${id}`,
        });
        await store.recordHostState(sql, { address: host, state: "connected", at });
      });
    },
    lost(host, connectionId, reason) {
      const at = clock.now();
      enqueue(host, async () => {
        if ((await store.findHost(sql, host))?.state !== "connected") return;
        await tell(host, {
          kind: "host.lost",
          at,
          severity: "error",
          summary: `${parseAddress(host).name} is lost: ${reason}.`,
          data: { reason },
          key: `host.lost:${host}:${connectionId}`,
        });
        await store.recordHostState(sql, { address: host, state: "lost", at });
      });
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(queues.values());
    },
  };
}

export const describeError = (error: unknown): string =>
  error instanceof HavnError
    ? [error.message, error.detail].filter(Boolean).join(". ")
    : error instanceof Error
      ? error.message
      : String(error);
