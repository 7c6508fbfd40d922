import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@havn/model";
import { scrapeProperties } from "@havn/prometheus";
import { until } from "@havn/testkit";
import { openPool } from "../scrape/pool.ts";
import { createWriter } from "../scrape/writer.ts";
import { writeRequest, writeToPrometheus } from "../testing/peer.ts";
import { startPrometheus } from "../testing/prometheus.ts";
import { openReceivingServer } from "../testing/server.ts";

const config = (target: string) => () =>
  `
scrape_configs:
  - job_name: havn
    scrape_interval: 2s
    scrape_timeout: 2s
    honor_labels: true
    metrics_path: /prometheus/federate
    params: { "match[]": ['{job="shop"}'] }
    authorization: { credentials: sender }
    static_configs: [{ targets: ["${target}"] }]
`;

test("Debian's Prometheus takes series from us by federation, with their own labels", {
  timeout: 600_000,
}, async () => {
  await using server = await openReceivingServer();
  const now = Date.now();
  const body = writeRequest({
    labels: { __name__: "queue_length", job: "shop", instance: "a:1", text: 'quoted "x" \\ æ' },
    timestamps: Float64Array.of(now),
    values: Float64Array.of(7.25),
  });
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
  assert.equal((await server.post("/api/v1/write", body, headers)).status, 204);
  await server.telemetry.flush();
  await using prometheus = await startPrometheus(config(new URL(server.url).host));
  const ask = async () => {
    const path = `/api/v1/query?query=${encodeURIComponent("queue_length")}`;
    const { result } = await prometheus.get<{ result: { metric: object; value: [number, string] }[] }>(path);
    return result[0];
  };
  const found = await until(ask, { what: "the series", timeoutMs: 120_000 });
  assert.deepEqual(found.metric, {
    ...{ __name__: "queue_length", job: "shop", instance: "a:1" },
    text: 'quoted "x" \\ æ',
  });
  assert.equal(found.value[1], "7.25");
});

test("we take series from Debian's Prometheus by federation, with their own labels and times", {
  timeout: 600_000,
}, async () => {
  await using prometheus = await startPrometheus(() => "{}", "--web.enable-remote-write-receiver");
  const now = Date.now() - 1_000;
  const of = (name: string, labels: Record<string, string>, value: number) => ({
    labels: { __name__: name, ...labels },
    timestamps: Float64Array.of(now),
    values: Float64Array.of(value),
  });
  const own = { job: "shop", instance: "a:1", text: 'quoted "x" \\ æ' };
  await writeToPrometheus(prometheus.url, [
    of("queue_length", own, 7.25),
    of("queue_limit", own, Number.POSITIVE_INFINITY),
    of("queue_length", { job: "other", instance: "b:1" }, 1),
  ]);
  await using server = await openReceivingServer();
  const config = scrapeProperties.parse({
    ...{ job_name: "federate", metrics_path: "/federate", honor_labels: true, scrape_interval: "1s" },
    params: { "match[]": ['{job="shop"}'] },
    static_configs: [{ targets: [new URL(prometheus.url).host] }],
  });
  const writer = createWriter(server.telemetry.sinks, { log: (message) => assert.fail(message) });
  const pool = openPool({ config, write: writer("shop"), clock: systemClock });
  try {
    await until(async () => (await server.stored("queue_length")).length > 0, { what: "the series" });
    const labels = '{env="shop",instance="a:1",job="shop",text="quoted \\"x\\" \\\\ æ"}';
    assert.deepEqual(await server.stored("queue_length"), [`queue_length${labels} 7.25@${now}`]);
    assert.deepEqual(await server.stored("queue_limit"), [`queue_limit${labels} Infinity@${now}`]);
    // That the scrape itself worked is told of the Prometheus that was asked.
    const [up = ""] = await server.stored("up");
    assert.match(up, /^up\{env="shop",instance="127\.0\.0\.1:\d+",job="federate"\} 1@/);
  } finally {
    await pool.close(false);
  }
});
