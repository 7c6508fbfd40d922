import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { WebSocket } from "ws";
import type { AccessGate, Identity } from "../access.ts";
import { createHttpServer } from "../server.ts";
import { createLive } from "./hub.ts";
import { createSubscriber } from "./subscriber.ts";

const viewer: Identity = { id: "1", actor: "user:ada", role: "viewer", via: "token" };
const access: AccessGate = {
  async authenticate({ authorization, cookies }) {
    if (authorization === "Bearer good") return viewer;
    if (authorization) throw new HavnError("The token is not valid", { status: 401 });
    return cookies.session ? { ...viewer, via: "session", csrfToken: "x" } : undefined;
  },
  decide: (_identity, action) => action !== "vault:read",
  audit: async () => undefined,
};

async function open() {
  const live = createLive();
  const server = await createHttpServer({ routes: [], access, live });
  const { port } = await server.listen({ port: 0 });
  const connect = async (headers: Record<string, string> = { authorization: "Bearer good" }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers });
    const frames: Record<string, unknown>[] = [];
    let wake = () => {};
    socket.on("message", (data) => {
      frames.push(JSON.parse(String(data)));
      wake();
    });
    await once(socket, "open");
    return {
      socket,
      frames,
      send: (frame: unknown) => socket.send(JSON.stringify(frame)),
      async next(count: number) {
        while (frames.length < count) await new Promise<void>((resolve) => (wake = resolve));
        return frames;
      },
    };
  };
  return { live, server, port, connect, [Symbol.asyncDispose]: () => server.close() };
}

test("a subscriber gets the snapshot, then what is published, until it leaves", {
  timeout: 600_000,
}, async () => {
  await using it = await open();
  const watched: string[] = [];
  it.live.topic("status", {
    action: "environment:read",
    snapshot: async (rest) => {
      it.live.publish(`status:${rest}`, "published meanwhile");
      return `snapshot of ${rest}`;
    },
    watch(rest) {
      watched.push(`open ${rest}`);
      return () => void watched.push(`close ${rest}`);
    },
  });
  const client = await it.connect();
  client.send({ subscribe: "status:shop" });
  assert.deepEqual(await client.next(3), [
    { subscribed: "status:shop" },
    { topic: "status:shop", data: "snapshot of shop" },
    { topic: "status:shop", data: "published meanwhile" },
  ]);
  it.live.publish("status:other", "not for us");
  it.live.publish("status:shop", { n: 1 });
  await client.next(4);
  assert.deepEqual(client.frames[3], { topic: "status:shop", data: { n: 1 } });
  assert.equal(it.live.hasSubscribers("status:shop"), true);
  client.socket.close();
  while (it.live.hasSubscribers("status:shop")) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(watched, ["open shop", "close shop"]);
});

test("a topic that the role may not read is refused, and an unknown one too", {
  timeout: 600_000,
}, async () => {
  await using it = await open();
  it.live.topic("vault", { action: "vault:read" });
  const client = await it.connect();
  client.send({ subscribe: "vault:x" });
  client.send({ subscribe: "nothing" });
  const frames = await client.next(2);
  assert.match(JSON.stringify(frames), /may not do vault:read/);
  assert.match(JSON.stringify(frames), /no topic \\"nothing\\"/);
  it.live.publish("vault:x", "secret");
  client.send({ subscribe: "nothing" });
  await client.next(3);
  assert.doesNotMatch(JSON.stringify(client.frames), /"secret"/);
});

for (const [name, headers, status] of [
  ["nobody", {}, 401],
  ["a wrong token", { authorization: "Bearer bad" }, 401],
  ["a session from another site", { cookie: "session=1", origin: "http://evil.example" }, 403],
  ["a session without an origin", { cookie: "session=1" }, 403],
  [
    "a session under a rebound name",
    { cookie: "session=1", origin: "http://evil.example", host: "evil.example" },
    403,
  ],
] as const)
  test(`${name} gets no connection`, { timeout: 600_000 }, async () => {
    await using it = await open();
    const socket = new WebSocket(`ws://127.0.0.1:${it.port}/api/v1/live`, { headers });
    const [, response] = await once(socket, "unexpected-response");
    assert.equal(response.statusCode, status);
    response.resume();
    socket.on("error", () => undefined);
    socket.terminate();
  });

test("a session from the page itself is let in, and told when the server closes", {
  timeout: 600_000,
}, async () => {
  const it = await open();
  const client = await it.connect({ cookie: "session=1", origin: `http://127.0.0.1:${it.port}` });
  const closed = once(client.socket, "close");
  await it.server.close();
  assert.equal((await closed)[0], 1001);
});

test("what is no frame of ours ends the connection", { timeout: 600_000 }, async () => {
  await using it = await open();
  const client = await it.connect();
  client.socket.send("hello");
  assert.equal((await once(client.socket, "close"))[0], 1008);
});

test("a slow reader skips to the latest status, and is cut off when it cannot have every event", () => {
  const sent: string[] = [];
  const socket = {
    bufferedAmount: 0,
    closed: undefined as number | undefined,
    send: (text: string) => void sent.push(text),
    close(code: number) {
      this.closed = code;
    },
    terminate() {},
  };
  const subscriber = createSubscriber(socket, viewer, {
    subscribe: async () => undefined,
    unsubscribe: () => undefined,
  });
  socket.bufferedAmount = 300 * 1024;
  for (let n = 0; n < 1000; n++) subscriber.send("status:shop", `status ${n}`, true);
  assert.deepEqual(sent, []);
  subscriber.send("events", "event", false);
  assert.deepEqual(sent, ["event"]);
  socket.bufferedAmount = 4 * 1024 * 1024;
  subscriber.send("events", "one too many", false);
  assert.equal(socket.closed, 1013);
  subscriber.ended();
});
