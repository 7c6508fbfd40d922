import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { type AccessGate, createHttpServer, createLive, type Identity } from "@havn/http";
import type { LogRecord } from "@havn/model";
import { WebSocket } from "ws";
import { createTelemetry } from "./index.ts";
import { LogBuffer } from "./protocols/agent/logs.ts";

const viewer: Identity = { id: "1", actor: "user:ada", role: "viewer", via: "token" };

/** Lets one viewer read all logs but those of the environment `other`. */
const access: AccessGate = {
  authenticate: async ({ authorization }) => (authorization ? viewer : undefined),
  decide: (_identity, action, resource) => action === "log:read" && resource !== "other",
  audit: async () => undefined,
};

async function openTest() {
  const stack = new AsyncDisposableStack();
  const db = stack.use(await openTestClickHouse());
  const spoolDirectory = join(db.directory, "spool");
  const telemetry = stack.use(await createTelemetry({ clickhouse: db.clickhouse, spoolDirectory }));
  const live = createLive();
  telemetry.serveLive(live);
  const server = stack.use(await createHttpServer({ routes: telemetry.routes, access, live }));
  const { url } = await server.listen({ port: 0 });
  const headers = { authorization: "Bearer x" };
  const write = async (service: string, ...bodies: string[]) => {
    const buffer = new LogBuffer();
    for (const body of bodies) {
      const time = `${BigInt(Date.now()) * 1_000_000n}`;
      const none = { traceId: "", spanId: "", attributes: {} };
      buffer.add({ ...none, time, service, instance: "i", severity: "info", body });
    }
    const from = { environment: "shop", host: "shop/host/web-1" };
    await telemetry.ingest("logs", crypto.randomUUID(), from, buffer.encode());
  };
  const get = (query: string) => fetch(`${url}/api/v1/logs?${query}`, { headers });
  return { telemetry, url, headers, write, get, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("logs are answered to who may read them", async () => {
  await using t = await openTest();
  await t.write("shop", "one", "two");
  await t.write("", "of the host");
  await t.telemetry.flush();
  const bodies = async (query: string) => {
    const response = await t.get(query);
    assert.equal(response.status, 200);
    const { records } = (await response.json()) as { records: LogRecord[] };
    return records.map(({ body }) => body);
  };
  assert.deepEqual(await bodies("environment=shop&service=shop"), ["one", "two"]);
  assert.deepEqual(await bodies("environment=shop&service=&host=shop/host/web-1"), ["of the host"]);
  assert.deepEqual(await bodies("environment=shop&contains=TWO&limit=5"), ["two"]);
  assert.equal((await t.get("environment=other")).status, 403);
  assert.equal((await t.get("service=shop")).status, 400);
  assert.equal((await t.get("environment=shop&limit=0")).status, 400);
  assert.equal((await fetch(`${t.url}/api/v1/logs?environment=shop`)).status, 401);
});

test("lines arrive over the live connection before they are in ClickHouse", async () => {
  await using t = await openTest();
  const socket = new WebSocket(`${t.url.replace("http", "ws")}/api/v1/live`, { headers: t.headers });
  const messages: { topic?: string; data?: LogRecord[] }[] = [];
  const wake = new EventTarget();
  socket.on("message", (text) => {
    messages.push(JSON.parse(String(text)));
    wake.dispatchEvent(new Event("message"));
  });
  await new Promise((resolve) => socket.once("open", resolve));
  try {
    for (const topic of ["logs:shop:web", "logs:shop"]) socket.send(JSON.stringify({ subscribe: topic }));
    const received = () =>
      messages.filter(({ topic }) => topic?.startsWith("logs:")).flatMap(({ data }) => data ?? []);
    const limit = Date.now() + 20_000;
    // Subscribing is not answered: write until it holds.
    while (received().length < 3 && Date.now() < limit) {
      await t.write("web", "mine");
      await t.write("other", "not of web");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const mine = messages.filter(({ topic }) => topic === "logs:shop:web").flatMap(({ data }) => data ?? []);
    assert.ok(mine.length > 0);
    assert.ok(
      mine.every(({ body, service, host }) => body === "mine" && service === "web" && host === "web-1"),
    );
    const all = messages.filter(({ topic }) => topic === "logs:shop").flatMap(({ data }) => data ?? []);
    assert.deepEqual(new Set(all.map(({ service }) => service)), new Set(["web", "other"]));
  } finally {
    socket.terminate();
  }
});
