import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { StatsD } from "hot-shots";
import { labelsText } from "../testing/text.ts";
import { startListeners } from "./listen.ts";

const now = 1_800_000_000_000;

async function open() {
  let at = now;
  const samples: string[] = [];
  const sink = {
    add: (labels: Readonly<Record<string, string>>, time: number, value: number) =>
      void samples.push(`${labelsText(labels)} ${value}@${time - now}`),
    addStale: (labels: Readonly<Record<string, string>>, time: number) =>
      void samples.push(`${labelsText(labels)} stale@${time - now}`),
  };
  const listeners = await startListeners(
    { statsd: 0, graphite: 0 },
    { labels: { env: "shop", host: "web-1" }, sink, now: () => at, log: assert.fail },
  );
  return {
    listeners,
    samples,
    collect(seconds: number) {
      at = now + seconds * 1000;
      samples.splice(0);
      listeners.collect(at);
      return [...samples].sort();
    },
    [Symbol.asyncDispose]: () => listeners.close(),
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (const limit = Date.now() + 20_000; !holds(); ) {
    assert.ok(Date.now() < limit, "it did not come to hold");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const own = 'env="shop",host="web-1"';

test("a StatsD client's counters, gauges, timers and sets", async () => {
  await using t = await open();
  const client = new StatsD({ host: "127.0.0.1", port: t.listeners.ports.statsd ?? 0, prefix: "cart." });
  try {
    client.increment("orders", 3, { kind: "card" });
    client.increment("orders", 2, { kind: "card" });
    client.gauge("queue", 7);
    client.gaugeDelta("queue", -2);
    for (const milliseconds of [100, 200, 300, 4000]) client.timing("latency", milliseconds);
    for (const user of ["a", "b", "a"]) client.set("users", user);
    client.distribution("size", 512, { host: "forged" });
    client.event("a release");
    await until(() => t.listeners.stats().lines === 13);
    const told = t.collect(5);
    const last = (name: string) => told.filter((line) => line.startsWith(`${name}{`)).at(-1);
    assert.equal(last("cart_orders"), `cart_orders{${own},kind="card"} 5@5000`);
    assert.equal(last("cart_queue"), `cart_queue{${own}} 5@5000`);
    assert.equal(last("cart_latency_count"), `cart_latency_count{${own}} 4@5000`);
    assert.match(last("cart_latency_sum") ?? "", /^cart_latency_sum\{.*\} 4\.6/);
    assert.equal(last("cart_size_sum"), `cart_size_sum{${own}} 512@5000`);
    assert.ok(told.includes(`cart_users{${own}} 2@5000`));
    assert.ok(told.includes(`cart_latency{${own},quantile="0.5"} 0.2@5000`));
    // Nothing more is told: after five minutes they end.
    assert.ok(t.collect(400).includes(`cart_orders{${own},kind="card"} stale@400000`));
    assert.deepEqual(t.collect(401), []);
  } finally {
    await new Promise((resolve) => client.close(resolve));
  }
});

test("Graphite's lines, with tags and without, and the wrong ones left out", async () => {
  await using t = await open();
  const socket = createConnection(t.listeners.ports.graphite ?? 0, "127.0.0.1");
  const seconds = now / 1000;
  socket.write(`servers.web-1.load 0.5 ${seconds}\nbad\nold 1 5\ndisk.used;mount=/;env=forged 7 `);
  socket.end(`${seconds + 1}\nnow 1 -1\n`);
  await until(() => t.listeners.stats().lines === 5);
  assert.equal(t.listeners.stats().refusedLines, 2);
  assert.deepEqual(t.samples, [
    `servers_web_1_load{${own}} 0.5@0`,
    `disk_used{${own},mount="/"} 7@1000`,
    `now{${own}} 1@0`,
  ]);
});
