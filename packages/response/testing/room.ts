import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpServer, type Identity } from "@havn/http";
import type { AlertView, Channel, Clock, CommandOutcome, Resource } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { createTimeline } from "@havn/timeline";
import { openWorkflows } from "@havn/workflows";
import { type AlertChange, createResponse, type Hands } from "../index.ts";
import type { Message } from "../notifiers/index.ts";

export const declaredResource = (
  type: string,
  name: string,
  properties: Record<string, unknown>,
): Resource => ({ address: `shop/${type}/${name}`, type, name, properties, dependsOn: [] });

const steps = { step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work() };
const change = { address: "", type: "", action: "create" as const, changes: [] };

/** What a room without runbooks is given. */
export const withoutRunbooks = {
  commands: [] as string[],
  compileMatchers: () => () => false,
  alerts: () => [],
  alertViews: () => [],
  graph: async () => [],
  statusDirectory: join(tmpdir(), "havn-no-status-page"),
  get hands() {
    return idleHands;
  },
};

/** Hands that do nothing and say that all went well. */
export const idleHands: Hands = {
  chooseHosts: async (_environment, expression) => expression.split(" | "),
  run: async ({ hosts }) => outcome(hosts),
  query: async () => [],
  hostsOf: async () => ["web-1", "web-2"],
  restart: async () => {},
  rollback: async () => {},
  scale: async () => {},
};

export const outcome = (hosts: readonly string[], stdout = "", code = 0): CommandOutcome => ({
  ok: code === 0,
  hosts: hosts.map((host) => ({ host, state: code === 0 ? "ok" : "failed", code, stdout, stderr: "" })),
  ...{ code, stdout, stderr: "" },
});

export interface RoomOptions {
  sql: Sql;
  url: string;
  clock: Clock;
  declared: readonly Resource[];
  hands?: Partial<Hands>;
  alerts?: AlertChange[];
  alertViews?: AlertView[];
  graph?: readonly Resource[];
  statusDirectory?: string;
  /** Who asks, from call to call: an administrator. */
  role?(): Identity["role"];
  /** Throws for a way that is broken. */
  send?(channel: Channel, message: Message): Promise<string>;
}

/** The room on a real database, with its routes; who asks them is `user:cy`. */
export async function openResponse(options: RoomOptions) {
  const { sql, url, clock } = options;
  const workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
  const timeline = await createTimeline({ sql, clock });
  const sent: { channel: Channel; message: Message }[] = [];
  const response = await createResponse({
    ...{ sql, clock, workflows, timeline, answerKey: "key", commands: [] },
    resolve: async (_environment, value) => value,
    publicUrl: () => "http://havn.test",
    async send(channel, message) {
      const said = (await options.send?.(channel, message)) ?? "ok";
      sent.push({ channel, message });
      return said;
    },
    hands: { ...idleHands, ...options.hands },
    // Equality is enough here: the real matchers are alerting's.
    compileMatchers: (texts) => (labels) =>
      texts.every((text) => {
        const [name = "", value = ""] = text.split("=");
        return labels[name] === value.replaceAll('"', "");
      }),
    alerts: () => options.alerts ?? [],
    alertViews: () => options.alertViews ?? [],
    graph: async () => options.graph ?? [],
    statusDirectory: options.statusDirectory ?? withoutRunbooks.statusDirectory,
  });
  for (const one of options.declared) await response.executor.apply(steps, change, one, {});
  await workflows.launch();
  const server = await createHttpServer({
    access: {
      authenticate: async () => ({
        id: "1",
        actor: "user:cy",
        role: options.role?.() ?? "admin",
        via: "token",
      }),
      decide: () => true,
      audit: async () => {},
    },
    routes: response.routes,
  });
  const inject = async (
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    type = "application/json",
  ) => {
    const answer = await server.inject({
      ...{ method, url: path },
      headers: { host: "127.0.0.1", ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: answer.statusCode, text: answer.body };
  };
  return {
    ...{ response, timeline, workflows, sent, inject },
    async json<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
      const { status, text } = await inject(method, path, body);
      if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
      return JSON.parse(text) as T;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await response[Symbol.asyncDispose]();
      await workflows[Symbol.asyncDispose]();
    },
  };
}
