import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Alerting, compileMatchers, createAlerting } from "@havn/alerting";
import type { Route } from "@havn/http";
import { type Clock, labelsKey, type Resource, systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { memoryQuerier } from "@havn/promql/testing";
import { type AlertChange, createResponse, type Hands, type Response } from "@havn/response";
import { createTimeline, type Timeline, timelineRoutes } from "@havn/timeline";
import { openWorkflows } from "@havn/workflows";
import { shopWorld } from "./data.ts";
import { type Demo, openDemo, type RoomParts } from "./demo.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { shopDeclared } from "./shop-declared.ts";

/** The page on the real rooms of alerting, response and the timeline, over a shop's made-up measurements. */
export interface Operations extends Demo {
  readonly alerting: Alerting;
  readonly response: Response;
  readonly timeline: Timeline;
  readonly metrics: ReturnType<typeof memoryQuerier>;
  /** Makes a resource of alerting or response real. */
  declare(resource: Resource): Promise<void>;
}

type Opened = Pick<Operations, "alerting" | "response" | "timeline" | "declare">;

export interface OperationsOptions {
  /** Throws for a way that is broken. */
  send?: (channel: string, subject: string) => Promise<string>;
  hands?: Partial<Hands>;
  port?: number;
}

export async function openOperations(options: OperationsOptions = {}): Promise<Operations> {
  const now = Date.now();
  const metrics = shopMetrics(now);
  const engine = createPromqlEngine({ querier: metrics });
  const promql = promqlRoutes({ engine, querier: metrics, clock: systemClock });
  let opened: Opened | undefined;
  const demo = await openDemo(shopWorld(now), options.port ?? 0, promql, async (parts) => {
    const rooms = await openRooms(parts, engine, options);
    opened = rooms;
    return rooms;
  });
  if (!opened) throw new Error("the rooms were not opened");
  const { alerting, response, timeline, declare } = opened;
  return { ...demo, alerting, response, timeline, declare, metrics };
}

/** Two hours of a shop: a disk fills up, errors rise, all else is well. And an hour to come. */
function shopMetrics(now: number) {
  const metrics = memoryQuerier();
  const samples = (value: (share: number, n: number) => number) =>
    Array.from({ length: 1080 }, (_, n) => ({
      timestamp: now - 7_200_000 + n * 10_000,
      value: value(Math.min(1, n / 720), n),
    }));
  const wave = (n: number, seed: number) => Math.sin(n / 40 + seed) * 0.6 + Math.sin(n / 13 + seed * 3) * 0.4;
  for (const [host, from, to] of [
    ["web-1", 0.71, 0.96],
    ["web-2", 0.52, 0.54],
    ["db-1", 0.61, 0.66],
  ] as const)
    metrics.add(
      { __name__: "disk_used_ratio", host, env: "shop" },
      samples((share, n) => Math.min(0.99, from + (to - from) * share ** 2 + wave(n, 1) * 0.004)),
    );
  for (const host of ["web-1", "web-2"])
    metrics.add(
      { __name__: "shop_error_ratio", host, service: "shop", env: "shop" },
      samples((share, n) => Math.max(0, 0.004 + share ** 6 * 0.06 + wave(n, host.length) * 0.003)),
    );
  for (const [check, bad] of [
    ["gateway", true],
    ["shop-front", true],
    ["backup", false],
  ] as const) {
    const labels = { env: "shop", resource: `shop/check/${check}`, check, kind: "passive" };
    const state = samples((share) => (bad && share > 0.9 ? 2 : share > 0.4 && share < 0.43 ? 1 : 0));
    metrics.add({ __name__: "havn_check_state", ...labels }, state);
    metrics.add({ __name__: "havn_check_hard_state", ...labels }, state);
    metrics.add(
      { __name__: "havn_check_value", ...labels, label: "rta", unit: "seconds" },
      samples((_, n) => 0.012 + wave(n, 2) * 0.004),
    );
    metrics.add(
      { __name__: "havn_check_value_warning", ...labels, label: "rta", bound: "upper" },
      samples(() => 0.02),
    );
  }
  return metrics;
}

/** A page waits minutes for an answer: a test that has ended does not wait with it. */
const clock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) =>
    setTimeout(milliseconds, undefined, { ...(signal && { signal }), ref: milliseconds < 30_000 }).catch(
      () => undefined,
    ),
};

async function openRooms(
  { sql, databaseUrl, live, directory }: RoomParts,
  engine: ReturnType<typeof createPromqlEngine>,
  options: OperationsOptions,
) {
  const timeline = await createTimeline({ sql, clock });
  const stop = new AbortController();
  let response: Response | undefined;
  const alerting = await createAlerting({
    ...{ sql, clock, timeline, heartbeatKey: "key", log: () => {} },
    query: (expr, at, signal) => engine.instant(expr, at, { signal }),
    desired: { put: async () => {} },
    deliver: async (told) => await response?.deliver(told),
    whom: (receiver, at) => response?.whom(receiver, at) ?? { channels: [], people: [] },
    recording: {
      queryRange: (expr, window, signal) => engine.range(expr, window, { signal }),
      series: { write: async () => {}, flush: async () => {} },
      externalUrl: "http://havn.example",
    },
  });
  const workflows = await openWorkflows({ sql, postgresUrl: databaseUrl, executorId: "web" });
  const declared = shopDeclared();
  const opened = await createResponse({
    ...{ sql, clock, timeline, workflows, answerKey: "key", commands: [], compileMatchers },
    resolve: async (_environment, value) => value,
    publicUrl: () => "http://havn.example",
    send: async (channel, message) => (await options.send?.(channel.kind, message.subject)) ?? "answered 200",
    hands: { ...shopHands, ...options.hands },
    graph: async () => declared,
    statusDirectory: join(directory, "status"),
    alerts: () => changesOf(alerting),
    alertViews: alerting.views,
  });
  response = opened;
  const change = { address: "", type: "", action: "create" as const, changes: [] };
  const steps = { step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work() };
  const context = { applyId: "a1", actor: "user:ada", tell: () => {} };
  const declare = async (one: Resource) => {
    const executor = ["check", "alert", "route"].includes(one.type) ? alerting.executor : opened.executor;
    await executor.apply(steps, change, one, context);
  };
  for (const one of declared) if (one.type !== "service") await declare(one);
  await workflows.launch();
  timeline.subscribe((event) => {
    live.publish("events", event);
    if (event.environment !== undefined) live.publish(`events:${event.environment}`, event);
  });
  alerting.serveLive(live);
  alerting.onChange((alert) => {
    live.publish(`status:${alert.environment}`, { ...shopWorld(Date.now()).status, alerts: alerting.list() });
  });
  const running = alerting.start(stop.signal);
  const routes: Route[] = [
    ...alerting.routes,
    ...opened.routes,
    ...timelineRoutes(timeline),
    ...maintenanceRoutes(timeline),
  ];
  return {
    ...{ alerting, response: opened, timeline, declare, routes },
    async close() {
      stop.abort();
      await running;
      await opened[Symbol.asyncDispose]();
      await workflows[Symbol.asyncDispose]();
    },
  };
}

function changesOf(alerting: Alerting): AlertChange[] {
  return alerting.list().flatMap(({ state, ...alert }): AlertChange[] => {
    if (state === "inactive") return [];
    const { fingerprint, environment, summary, activeSince, severity, rule } = alert;
    const labels = { ...alert.labels, alertname: rule, env: environment, severity };
    return [
      {
        fingerprint: fingerprint || labelsKey(labels),
        environment,
        state,
        labels,
        summary,
        since: activeSince,
      },
    ];
  });
}

/** All goes well. */
const shopHands: Hands = {
  chooseHosts: async (_environment, expression) => expression.split(" | "),
  run: async ({ hosts }) => ({
    ...{ ok: true, code: 0, stdout: "active\n", stderr: "" },
    hosts: hosts.map((host) => ({ host, state: "ok" as const, code: 0, stdout: "active\n", stderr: "" })),
  }),
  query: async () => [{ labels: { host: "web-1" }, value: 0.96 }],
  hostsOf: async () => ["web-1", "web-2"],
  restart: async () => {},
  rollback: async () => {},
  scale: async () => {},
};
