import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@havn/testkit";
import { writeRequest } from "../testing/peer.ts";
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
