import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { testDatabase } from "@havn/postgres/testing";

// The example's shop as it is deployed: its own process, a real database.
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

/** The test database listens on a socket file only: a way to it over TCP, which can be cut. */
async function overTcp(databaseUrl: string) {
  const url = new URL(databaseUrl);
  const folder = url.searchParams.get("host") ?? "";
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const inner = connect(`${folder}/.s.PGSQL.5432`);
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `postgres://${url.username}@127.0.0.1:${port}${url.pathname}`,
    cut() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function startShop(databaseUrl: string) {
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL("./shop/app/server.js", import.meta.url))], {
    env: { PATH: process.env.PATH, PORT: String(port), DATABASE_URL: databaseUrl, SHOP_NAME: "Chandlery" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 30_000;
  for (let ready = false; !ready; ) {
    assert.ok(Date.now() < deadline, output);
    ready = await fetch(`${url}/healthz`).then(
      (response) => response.status === 200,
      () => false,
    );
    assert.equal(child.exitCode, null, output);
    if (!ready) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const lines = () =>
    output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { url, child, lines };
}

const order = (url: string, key: string, items: unknown) =>
  fetch(`${url}/api/orders`, {
    method: "POST",
    body: JSON.stringify({ items }),
    headers: { "content-type": "application/json", "idempotency-key": key },
  });

test("two instances share one database; an order is placed once, traced and counted", async () => {
  await using db = await testDatabase();
  const way = await overTcp(db.url);
  after(way.cut);
  const [one, two] = await Promise.all([startShop(way.url), startShop(way.url)]);
  const { products } = (await (await fetch(`${one.url}/api/products`)).json()) as {
    products: { id: string }[];
  };
  assert.equal(products.length, 6);

  const rope = [{ product: "rope", quantity: 2 }];
  const first = await order(one.url, "key-1", rope);
  assert.equal(first.status, 201);
  const placed = (await first.json()) as { id: number; total: number };
  assert.equal(placed.total, 69800);
  const again = await order(two.url, "key-1", rope);
  assert.equal(again.status, 200);
  assert.deepEqual(((await again.json()) as { id: number }).id, placed.id);
  assert.equal((await order(two.url, "key-1", [{ product: "kettle", quantity: 1 }])).status, 409);
  assert.equal((await order(one.url, "key-2", [{ product: "nothing", quantity: 1 }])).status, 400);
  assert.equal((await order(one.url, "key-3", [{ product: "rope", quantity: -1 }])).status, 400);
  const { orders } = (await (await fetch(`${two.url}/api/orders`)).json()) as { orders: unknown[] };
  assert.equal(orders.length, 1);

  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  const traced = await fetch(`${one.url}/api/orders`, {
    method: "POST",
    body: JSON.stringify({ items: rope }),
    headers: { traceparent },
  });
  assert.match(traced.headers.get("traceparent") ?? "", new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)`));
  const line = one.lines().find(({ trace_id }) => trace_id === traceId);
  assert.match(String(line?.msg), /^order \d+ placed$/);
  const metrics = await (await fetch(`${one.url}/metrics`)).text();
  assert.match(metrics, /http_requests_total\{method="POST",route="\/api\/orders",code="201"\} 2/);
  assert.match(
    metrics,
    /http_request_duration_seconds_bucket\{method="POST",route="\/api\/orders",le="\+Inf"\} 4/,
  );
  assert.match(metrics, /shop_database_up 1/);

  // A person's way through the pages.
  const added = await fetch(`${one.url}/basket`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ product: "lantern" }),
  });
  const cookie = added.headers.get("set-cookie")?.split(";")[0] ?? "";
  const basket = await (await fetch(`${two.url}/basket`, { headers: { cookie } })).text();
  assert.match(basket, /Storm lantern/);
  const bought = await fetch(`${two.url}/checkout`, {
    method: "POST",
    headers: { cookie },
    body: "key=a-form",
  });
  assert.match(await bought.text(), /is placed/);
});

test("without its database the shop stays up and says so; SIGTERM ends it with its requests answered", async () => {
  await using db = await testDatabase();
  const way = await overTcp(db.url);
  const shop = await startShop(way.url);
  await fetch(`${shop.url}/api/products`);
  way.cut();
  assert.equal((await order(shop.url, "key", [{ product: "rope", quantity: 1 }])).status, 503);
  const health = await fetch(`${shop.url}/healthz`);
  assert.deepEqual([health.status, await health.json()], [200, { status: "degraded", database: "down" }]);
  assert.equal((await fetch(`${shop.url}/`)).status, 200);
  const exited = once(shop.child, "exit");
  shop.child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});
