import { HavnError, parseAddress } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Connections } from "../gateway/connections.ts";
import { type HostDesired, hostDesired } from "../protocol/index.ts";
import * as store from "../store.ts";
import type { Resolve } from "./client.ts";
import { describeError } from "./states.ts";

export type DesiredSection = Exclude<keyof HostDesired, "revision" | "environment" | "host">;

export interface Desired {
  /**
   * Records what a part of the host shall be, with references unresolved, and sends all of it to the agent: now, or
   * when it connects. Resolves when it is durable.
   */
  put<S extends DesiredSection>(host: string, section: S, value: unknown): Promise<void>;
  /** The same for several parts at once: the agent never has one of them without the others. */
  putAll(host: string, sections: Partial<Record<DesiredSection, unknown>>): Promise<void>;
  /** As it was put; undefined where it never was. */
  find(host: string, section: DesiredSection): Promise<unknown>;
}

const nothingDesired = {
  resources: [],
  mode: "noop",
  driftInterval: undefined,
  windows: [],
  pauses: [],
  instances: [],
  balancers: [],
  checks: [],
  nrpe: undefined,
  secrets: {},
  secretValues: [],
} satisfies Omit<HostDesired, "revision" | "environment" | "host">;

export function createDesired(options: {
  sql: Sql;
  connections: Connections;
  resolve: Resolve;
  log(message: string): void;
}) {
  const { sql, connections, resolve } = options;
  /** Revision that each connected agent is known to hold. */
  const held = new Map<string, number>();
  /** Revision that it shall hold, once it was read. */
  const wanted = new Map<string, number>();
  const pushing = new Map<string, Promise<void>>();

  async function push(host: string): Promise<void> {
    const connection = connections.find(host);
    const row = await store.findDesired(sql, host);
    const has = held.get(host);
    wanted.set(host, row?.revision ?? has ?? 0);
    if (!connection || !row || has === undefined || has === row.revision) return;
    // An agent that is ahead of us outlived a database that was restored: go past it, for it refuses older ones.
    const revision = has > row.revision ? await store.raiseRevision(sql, host, has + 1) : row.revision;
    wanted.set(host, revision);
    const { environment, name } = parseAddress(host);
    const sections = { ...nothingDesired, ...row.sections };
    const resolved = (await resolve(environment, sections)) as typeof sections;
    const parsed = hostDesired.safeParse({ ...resolved, revision, environment, host: name });
    if (!parsed.success) {
      const where = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      throw new HavnError(`What ${host} shall be does not fit the protocol`, {
        detail: where.slice(0, 5).join("; "),
      });
    }
    await connection.peer.call("desired.put", parsed.data, { timeoutMs: 30_000 });
    if (connections.find(host) === connection) held.set(host, revision);
  }

  /** One push of a host at a time; failures are tried again with its next report. */
  function schedule(host: string): void {
    const next = (pushing.get(host) ?? Promise.resolve()).then(() => push(host));
    const settled = next
      .catch((error) => {
        // A connection that fell says so itself, and the next one sends it.
        if (!(error instanceof HavnError && error.retryable))
          options.log(`desired state of ${host} was not sent: ${describeError(error)}`);
      })
      .finally(() => {
        if (pushing.get(host) === settled) pushing.delete(host);
      });
    pushing.set(host, settled);
  }

  async function putAll(host: string, sections: Partial<Record<DesiredSection, unknown>>): Promise<void> {
    const revision = await store.putDesiredSections(sql, host, sections);
    if (revision === undefined) return;
    wanted.set(host, revision);
    schedule(host);
  }

  const desired: Desired = {
    put: (host, section, value) => putAll(host, { [section]: value }),
    putAll,
    find: async (host, section) => (await store.findDesired(sql, host))?.sections[section],
  };
  return {
    desired,
    /** The agent said which revision it holds. */
    reported(host: string, revision: number) {
      held.set(host, revision);
      if (!pushing.has(host) && revision !== wanted.get(host)) schedule(host);
    },
    forget(host: string) {
      held.delete(host);
      wanted.delete(host);
    },
    settle: () => Promise.all(pushing.values()),
  };
}
