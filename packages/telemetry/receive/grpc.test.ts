import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { Metadata } from "@grpc/grpc-js";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { openReceivingServer } from "../testing/server.ts";

const resource = resourceFromAttributes({ "service.name": "cart", "host.name": "web-1" });

function metadata(values: Record<string, string>) {
  const made = new Metadata();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}

for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP])
  test(`the OpenTelemetry SDK's metrics over gRPC, compressed: ${compression}`, async () => {
    await using server = await openReceivingServer();
    const exporter = new OTLPMetricExporter({
      ...{ url: server.grpcUrl, compression },
      metadata: metadata({ authorization: "Bearer sender", environment: "shop" }),
    });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ resource, readers: [reader] });
    provider.getMeter("test").createCounter("orders").add(2, { kind: "card" });
    await provider.shutdown();
    const [line = ""] = await server.stored("orders_total");
    assert.match(line, /^orders_total\{env="shop",.*job="cart",kind="card".*\} 2@/);
  });

test("the OpenTelemetry SDK's logs over gRPC", async () => {
  await using server = await openReceivingServer();
  const exporter = new OTLPLogExporter({
    url: server.grpcUrl,
    metadata: metadata({ authorization: "Bearer sender", environment: "shop" }),
  });
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  provider.getLogger("test").emit({ severityNumber: SeverityNumber.WARN, body: "nearly empty" });
  await provider.forceFlush();
  await provider.shutdown();
  await server.telemetry.flush();
  const [record] = await server.telemetry.logs.search({ environment: "shop", limit: 10 });
  assert.equal(record?.body, "nearly empty");
});

/** A call of our own: what it was answered with, as code and message. */
async function call(url: string, path: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const session = connect(url);
  try {
    const stream = session.request({
      ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
      ...headers,
    });
    // The server may be done with it before all was sent.
    stream.on("error", () => {});
    stream.end(body);
    return await new Promise<string>((resolve) => {
      const told = (given: Record<string, unknown>) =>
        given["grpc-status"] !== undefined &&
        resolve(`${given["grpc-status"]} ${given["grpc-message"] ?? ""}`);
      stream.on("response", told).on("trailers", told).resume();
    });
  } finally {
    session.destroy();
  }
}

test("who may not, what is not known and what is broken", async () => {
  await using server = await openReceivingServer();
  const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  const empty = Buffer.alloc(5);
  const authorization = "Bearer sender";
  assert.match(await call(server.grpcUrl, path, empty), /^16 Nobody is signed in/);
  assert.match(await call(server.grpcUrl, "/x.Y/Z", empty, { authorization }), /^12 /);
  assert.equal(await call(server.grpcUrl, path, empty, { authorization }), "0 ");
  assert.match(
    await call(server.grpcUrl, path, Buffer.of(0, 0, 0, 0, 9, 1), { authorization }),
    /^3 .*one message/,
  );
  assert.match(
    await call(server.grpcUrl, path, Buffer.of(0, 0, 0, 0, 2, 0x0a, 0xff), { authorization }),
    /^3 .*malformed/,
  );
  const packed = Buffer.of(1, 0, 0, 0, 1, 1);
  assert.match(await call(server.grpcUrl, path, packed, { authorization, "grpc-encoding": "br" }), /^12 /);
  assert.match(
    await call(server.grpcUrl, path, packed, { authorization, "grpc-encoding": "gzip" }),
    /^3 .*no gzip/,
  );
  const wrong = { authorization, environment: "no such name!" };
  assert.match(await call(server.grpcUrl, path, empty, wrong), /^3 /);
  const huge = Buffer.alloc(33 * 1024 * 1024);
  huge.writeUInt32BE(huge.length - 5, 1);
  assert.match(await call(server.grpcUrl, path, huge, { authorization }), /^8 /);
});
