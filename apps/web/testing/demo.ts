import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Access, createAccess } from "@havn/access";
import {
  createHttpServer,
  createLive,
  defineRoute,
  type HttpServer,
  type Live,
  type Route,
} from "@havn/http";
import { createInsight, type Insight } from "@havn/insight";
import {
  alertSchema,
  applySchema,
  environmentStatusSchema,
  eventSchema,
  logRecordSchema,
  planSchema,
  resourceGraphSchema,
  systemClock,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { z } from "zod";
import { buildWeb, webRoutes } from "../index.ts";
import * as data from "./data.ts";
import { answerPromql } from "./metrics.ts";

/**
 * The page on a real server (route kit, access, live WebSocket, PostgreSQL) whose other rooms are stood in for by
 * fixed data: for the browser tests and for looking at the page. What is put into `world` shows on the next load.
 */
export interface Demo extends AsyncDisposable {
  readonly url: string;
  readonly server: HttpServer;
  readonly live: Live;
  readonly access: Access;
  readonly world: data.World;
  readonly insight: Insight;
  /** A link that signs in once. */
  signInLink(role?: "viewer" | "operator" | "admin"): Promise<string>;
}

/** What stands in the world's place where a test wants the product's own rooms. */
export interface Rooms {
  routes: Route[];
  close(): Promise<void>;
}

export interface RoomParts {
  sql: Sql;
  databaseUrl: string;
  live: Live;
  directory: string;
}

export async function openDemo(
  world: data.World = data.shopWorld(Date.now()),
  port = 0,
  /** What answers PromQL. */
  metrics: Route[] = madeUpMetrics(),
  openRooms: (parts: RoomParts) => Promise<Rooms> = async () => ({ routes: [], close: async () => {} }),
): Promise<Demo> {
  const database = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), "havn-web-"));
  const timeline = { write: async () => undefined };
  const access = await createAccess({
    sql: database.sql,
    clock: systemClock,
    timeline,
    dataDirectory: directory,
  });
  const live = createLive();
  live.topic("status", { action: "environment:read", delivery: "latest" });
  live.topic("events", { action: "event:read" });
  live.topic("apply", { action: "apply:read", delivery: "latest" });
  live.topic("logs", { action: "log:read" });
  const insight = await createInsight({ sql: database.sql, clock: systemClock, timeline });
  const web = await buildWeb({ outDirectory: join(directory, "web") });
  const rooms = await openRooms({ sql: database.sql, databaseUrl: database.url, live, directory });
  const own = new Set(rooms.routes.map(keyOf));
  const standIns = worldRoutes(world).filter((route) => !own.has(keyOf(route)));
  const server = await createHttpServer({
    routes: [
      ...access.routes,
      ...insight.routes,
      ...standIns,
      ...rooms.routes,
      ...metrics,
      ...webRoutes(web),
    ],
    access,
    live,
    closeGraceMs: 200,
  });
  const { url } = await server.listen({ port });
  return {
    ...{ url, server, live, access, world, insight },
    async signInLink(role = "admin") {
      const { code } = await access.signIn.createCode({ actor: "user:ingrid", role, createdBy: "test" });
      return `${url}/sign-in#${code}`;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rooms.close();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const keyOf = ({ method, path }: Route) => `${method} ${path}`;

function worldRoutes(world: data.World): Route[] {
  const environment = z.object({ environment: z.string() });
  const read = (path: string, response: z.ZodType, handle: (query: Record<string, string>) => unknown) =>
    defineRoute({
      method: "GET",
      path: `/api/v1${path}`,
      summary: path,
      access: { action: "environment:read" },
      query: z.record(z.string(), z.string()),
      response,
      handle: ({ query }) => handle(query as Record<string, string>),
    });
  return [
    read("/environments", z.unknown(), () => ({ environments: world.environments })),
    read("/environments/:environment/status", environmentStatusSchema, () => world.status),
    read("/environments/:environment/graph", resourceGraphSchema, () => world.graph),
    read("/environments/:environment/drift", z.unknown(), () => ({
      drift: world.drift,
      checkedAt: Date.now() - 24_000,
    })),
    read("/environments/:environment/hosts/:host/unmanaged", z.unknown(), () => ({
      items: [
        { kind: "packages", type: "package", name: "tcpdump" },
        { kind: "accounts", type: "user", name: "ann" },
        { kind: "files", type: "file", name: "/etc/motd" },
      ],
      notes: [],
    })),
    read("/environments/:environment/releases", z.unknown(), () => ({ releases: world.releases })),
    read("/events", z.object({ events: z.array(eventSchema) }), (query) => ({
      events: world.events
        .filter(
          ({ id, at, kind, host, address }) =>
            (!query.before || id < Number(query.before)) &&
            (!query.since || at >= Number(query.since)) &&
            (!query.kind || kind.startsWith(query.kind)) &&
            (!query.host || host === query.host) &&
            (!query.address || address === query.address),
        )
        .slice(0, Number(query.limit ?? 100)),
    })),
    read("/alerts", z.object({ alerts: z.array(alertSchema) }), () => ({ alerts: world.alerts })),
    read("/logs", z.object({ records: z.array(logRecordSchema) }), (query) => ({
      records: world.logs.filter(
        ({ host, service }) =>
          (!query.host || host === query.host) && (!query.service || service === query.service),
      ),
    })),
    read("/applies", z.unknown(), () => ({ applies: [world.apply] })),
    read("/plans/:id", planSchema, () => world.plan),
    defineRoute({
      method: "POST",
      path: "/api/v1/reverts",
      summary: "revert",
      access: { action: "plan:create" },
      body: z.object({ applyId: z.string() }),
      response: planSchema,
      handle: () => world.plan,
    }),
    read("/applies/:id", applySchema, () => world.apply),
    defineRoute({
      method: "POST",
      path: "/api/v1/environments/:environment/rollback",
      summary: "rollback",
      access: { action: "rollback:create" },
      params: environment,
      body: z.object({ service: z.string() }),
      response: applySchema,
      status: 202,
      handle: () => world.apply,
    }),
  ];
}

/** Asked by address, or by a form. */
const madeUpMetrics = (): Route[] =>
  ["query", "query_range"].flatMap((endpoint) => [
    defineRoute({
      method: "GET",
      path: `/prometheus/api/v1/${endpoint}`,
      summary: endpoint,
      access: { action: "metric:read" },
      query: z.record(z.string(), z.string()),
      response: z.unknown(),
      handle: ({ query }) => answerPromql(query as Record<string, string>),
    }),
    defineRoute({
      method: "POST",
      path: `/prometheus/api/v1/${endpoint}`,
      summary: endpoint,
      access: { action: "metric:read" },
      reads: true,
      consumes: "form",
      body: z.record(z.string(), z.string()),
      response: z.unknown(),
      handle: ({ body }) => answerPromql(body as Record<string, string>),
    }),
  ]);
