import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtoExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { openReceivingServer, type ReceivingServer } from "../testing/server.ts";

const headers = { authorization: "Bearer sender" };
const resource = resourceFromAttributes({
  "service.name": "cart",
  "service.namespace": "shop",
  "service.instance.id": "cart-1",
  "host.name": "web-1",
  "process.pid": 42,
});

/** Series without their times: the SDK chooses those. */
async function shown(server: ReceivingServer, name: string): Promise<string[]> {
  return (await server.stored(name)).map((line) => line.replace(/@\d+/g, ""));
}

async function send(exporter: ProtoExporter | JsonExporter, rounds: number): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const views = [
    { instrumentName: "size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const },
  ];
  const provider = new MeterProvider({ resource, readers: [reader], views });
  const meter = provider.getMeter("test");
  const orders = meter.createCounter("orders", { description: "Orders taken." });
  const queue = meter.createGauge("queue.fill", { unit: "1" });
  const duration = meter.createHistogram("http.duration", {
    unit: "s",
    advice: { explicitBucketBoundaries: [0.1, 0.5] },
  });
  const size = meter.createHistogram("size", { unit: "By" });
  for (let round = 0; round < rounds; round++) {
    orders.add(2, { "payment.kind": "card" });
    queue.record(0.25);
    for (const value of [0.05, 0.3, 7]) duration.record(value);
    for (const value of [1, 2, 2, 1000]) size.record(value);
    if (round < rounds - 1) await provider.forceFlush();
  }
  await provider.shutdown();
}

const labels = 'host_name="web-1",instance="cart-1",job="shop/cart"';
const service = 'service_instance_id="cart-1",service_name="cart",service_namespace="shop"';

for (const [form, Exporter] of [
  ["protobuf", ProtoExporter],
  ["JSON", JsonExporter],
] as const)
  test(`the OpenTelemetry SDK's metrics, as ${form}`, async () => {
    await using server = await openReceivingServer();
    await send(new Exporter({ url: `${server.url}/v1/metrics`, headers }), 1);
    assert.deepEqual(await shown(server, "orders_total"), [
      `orders_total{${labels},payment_kind="card",${service}} 2`,
    ]);
    assert.deepEqual(await shown(server, "queue_fill_ratio"), [
      `queue_fill_ratio{${labels},${service}} 0.25`,
    ]);
    assert.deepEqual(await shown(server, "http_duration_seconds_bucket"), [
      `http_duration_seconds_bucket{${labels},le="+Inf",${service}} 3`,
      `http_duration_seconds_bucket{${labels},le="0.1",${service}} 1`,
      `http_duration_seconds_bucket{${labels},le="0.5",${service}} 2`,
    ]);
    assert.deepEqual(await shown(server, "http_duration_seconds_sum"), [
      `http_duration_seconds_sum{${labels},${service}} 7.35`,
    ]);
    assert.deepEqual(await shown(server, "target_info"), [
      'target_info{host_name="web-1",instance="cart-1",job="shop/cart",process_pid="42"} 1',
    ]);
    const [size = ""] = await shown(server, "size_bytes");
    const histogram = JSON.parse(size.slice(size.indexOf("} ") + 2));
    assert.deepEqual([histogram.count, histogram.sum], [4, 1005]);
    // Whatever scale the SDK chose: 1, 2 and 1000 lie in the buckets that hold them.
    const { indexes, counts } = histogram.positive;
    const bounds = indexes.map((index: number) => 2 ** (index / 2 ** histogram.schema));
    const width = 2 ** (1 / 2 ** histogram.schema);
    assert.deepEqual(counts, [1, 2, 1]);
    for (const [at, value] of [1, 2, 1000].entries())
      assert.ok(value <= bounds[at] * 1.000001 && value > (bounds[at] / width) * 0.999999, `${value}`);
  });

test("differences are added up, for numbers, classic and exponential histograms", async () => {
  await using server = await openReceivingServer();
  const url = `${server.url}/api/v1/otlp/v1/metrics?environment=test`;
  await send(new ProtoExporter({ url, headers, temporalityPreference: AggregationTemporality.DELTA }), 3);
  const stamped = `env="test",${labels}`;
  assert.deepEqual(await shown(server, "orders_total"), [
    `orders_total{${stamped},payment_kind="card",${service}} 2 4 6`,
  ]);
  assert.deepEqual(await shown(server, "http_duration_seconds_bucket"), [
    `http_duration_seconds_bucket{${stamped},le="+Inf",${service}} 3 6 9`,
    `http_duration_seconds_bucket{${stamped},le="0.1",${service}} 1 2 3`,
    `http_duration_seconds_bucket{${stamped},le="0.5",${service}} 2 4 6`,
  ]);
  const [sizes = ""] = await shown(server, "size_bytes");
  assert.deepEqual(
    [...sizes.matchAll(/"count":(\d+)/g)].map(([, count]) => Number(count)),
    [4, 8, 12],
  );
});

test("the OpenTelemetry SDK's log lines", async () => {
  await using server = await openReceivingServer();
  const exporter = new OTLPLogExporter({ url: `${server.url}/v1/logs?environment=shop`, headers });
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger("test");
  logger.emit({ body: "sold out", severityNumber: SeverityNumber.WARN, attributes: { sku: "b-7" } });
  logger.emit({ body: { code: 7 } });
  await provider.forceFlush();
  await provider.shutdown();
  await server.telemetry.flush();
  const records = await server.telemetry.logs.search({ environment: "shop", limit: 10 });
  const rest = { service: "cart", instance: "cart-1", host: "web-1" };
  const told = records.map(({ body, severity, service, instance, host, attributes }) => {
    return { body, severity, service, instance, host, sku: attributes.sku, pid: attributes["process.pid"] };
  });
  assert.deepEqual(
    told.sort((a, b) => (a.body < b.body ? 1 : -1)),
    [
      { body: '{"code":7}', severity: "info", ...rest, sku: undefined, pid: "42" },
      { body: "sold out", severity: "warn", ...rest, sku: "b-7", pid: "42" },
    ].sort((a, b) => (a.body < b.body ? 1 : -1)),
  );
});

test("some refused is partial success; broken and foreign bodies are refused", async () => {
  await using server = await openReceivingServer();
  const json = { "content-type": "application/json" };
  const time = `${Date.now()}000000`;
  const body = (...dataPoints: object[]) =>
    JSON.stringify({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "a.b", gauge: { dataPoints } }] }] }],
    });
  const partly = body({ timeUnixNano: time, asInt: "7" }, { timeUnixNano: "5", asDouble: 1 });
  const response = await server.post("/v1/metrics", gzipSync(partly), {
    ...json,
    "content-encoding": "gzip",
  });
  assert.equal(response.status, 200);
  const { partialSuccess } = (await response.json()) as { partialSuccess: Record<string, string> };
  assert.equal(partialSuccess.rejectedDataPoints, "1");
  assert.match(partialSuccess.errorMessage ?? "", /older than samples are kept/);
  assert.deepEqual(await shown(server, "a_b"), ["a_b{} 7"]);
  const status = async (content: string, headers: Record<string, string>) => {
    const answer = await server.post("/v1/metrics", content, headers);
    await answer.text();
    return answer.status;
  };
  assert.equal(await status("{", json), 400);
  assert.equal(await status('{"resourceMetrics": 5}', json), 400);
  assert.equal(await status("garbage", { "content-type": "application/x-protobuf" }), 400);
  assert.equal(await status("{}", { "content-type": "text/plain" }), 415);
  assert.equal(await status("{}", { ...json, "content-encoding": "br" }), 415);
  assert.equal(await status("{}", json), 200);
});
