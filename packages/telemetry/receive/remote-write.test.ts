import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { encodeSnappy } from "../protocols/snappy.ts";
import { type Field, message, packed, requestV2, seriesV1 } from "../testing/protobuf.ts";
import { openReceivingServer } from "../testing/server.ts";

const now = Math.floor(Date.now() / 1000) * 1000;
const v1 = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
const v2 = { ...v1, "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request" };

/** Counts of whole numbers: buckets 1 and 2 hold 2 and 3, bucket 5 holds 4; a zero bucket. */
function histogram(time: number): Uint8Array {
  return message(
    ...([
      [1, "varint", 10],
      [3, "double", 18.4],
      [4, "sint", -1],
      [5, "double", 0.001],
      [6, "varint", 1],
      [11, "bytes", message([1, "sint", 1], [2, "varint", 2])],
      [11, "bytes", message([1, "sint", 2], [2, "varint", 1])],
      [12, "bytes", packed("sint", [2, 1, 1])],
      [14, "varint", 3],
      [15, "varint", time],
    ] satisfies Field[]),
  );
}

const shownHistogram =
  '{"schema":-1,"hint":"gauge","count":10,"sum":18.4,"zeroThreshold":0.001,"zeroCount":1,' +
  '"positive":{"indexes":[1,2,5],"counts":[2,3,4]},"negative":{"indexes":[],"counts":[]},"customBounds":[]}';

const written = (response: Response) =>
  ["Samples", "Histograms", "Exemplars"].map((what) =>
    Number(response.headers.get(`X-Prometheus-Remote-Write-${what}-Written`)),
  );

test("remote write 1.0: samples, histograms, exemplars, metadata; out of order, twice, and stale", async () => {
  await using server = await openReceivingServer();
  const exemplar = message(
    [1, "bytes", message([1, "text", "trace_id"], [2, "text", "abc"])],
    [2, "double", 0.5],
    [3, "varint", now],
  );
  const body = message(
    seriesV1(
      { instance: "a", __name__: "up" },
      [
        [now, 1],
        [now - 5000, 0],
      ],
      [3, "bytes", exemplar],
    ),
    seriesV1({ __name__: "up", empty: "" }, [[now, -0.5]]),
    seriesV1({ __name__: "latency" }, [], [4, "bytes", histogram(now)]),
    [3, "bytes", message([1, "varint", 2], [2, "text", "up"], [4, "text", "Whether it runs."])],
  );
  const first = await server.post("/api/v1/write", encodeSnappy(body), v1);
  assert.equal(first.status, 204, await first.text());
  assert.deepEqual(written(first), [3, 1, 1]);
  const again = message(
    seriesV1({ __name__: "up", instance: "a" }, [
      [now - 5000, 7],
      [now - 9000, 3],
    ]),
  );
  assert.equal((await server.post("/api/v1/push", encodeSnappy(again), v1)).status, 204);
  assert.deepEqual(await server.stored("up"), [
    `up{} -0.5@${now}`,
    `up{instance="a"} 3@${now - 9000} 7@${now - 5000} 1@${now}`,
  ]);
  assert.deepEqual(await server.stored("latency"), [`latency{} ${shownHistogram}@${now}`]);
});

test("remote write 2.0 gives the same, also with zstd, and an environment of the sender's choice", async () => {
  await using server = await openReceivingServer();
  const body = requestV2([
    {
      labels: { __name__: "requests_total", instance: "a", env: "mine" },
      values: [[now, 3]],
      more: (symbol) => [[5, "bytes", message([1, "varint", 1], [3, "varint", symbol("Requests.")])]],
    },
    { labels: { __name__: "latency" }, more: () => [[3, "bytes", histogram(now)]] },
  ]);
  const path = "/prometheus/api/v1/write?environment=shop";
  const response = await server.post(path, zstdCompressSync(body), { ...v2, "content-encoding": "zstd" });
  assert.equal(response.status, 204, await response.text());
  assert.deepEqual(written(response), [1, 1, 0]);
  assert.equal((await server.post("/api/v1/write", encodeSnappy(body), v2)).status, 204);
  assert.deepEqual(await server.stored("requests_total"), [
    `requests_total{env="mine",instance="a"} 3@${now}`,
    `requests_total{env="shop",instance="a"} 3@${now}`,
  ]);
  assert.deepEqual(await server.stored("latency"), [
    `latency{} ${shownHistogram}@${now}`,
    `latency{env="shop"} ${shownHistogram}@${now}`,
  ]);
});

test("what cannot be stored is refused once and for all, and the rest is stored", async () => {
  await using server = await openReceivingServer();
  const year = 365 * 86_400_000;
  const body = message(
    seriesV1({ __name__: "good" }, [
      [now, 1],
      [0, 2],
      [now + 70 * year, 3],
      [-5, 4],
    ]),
    seriesV1({ nameless: "x" }, [
      [now, 1],
      [now + 1, 1],
    ]),
    [
      1,
      "bytes",
      message(
        ...[1, 2].map((): Field => [1, "bytes", message([1, "text", "__name__"], [2, "text", "twice"])]),
      ),
    ],
    seriesV1({ __name__: "long", label: "x".repeat(2 ** 20) }, [[now, 1]]),
  );
  const response = await server.post("/api/v1/write", encodeSnappy(body), v1);
  assert.equal(response.status, 400);
  const { error } = (await response.json()) as { error: { summary: string } };
  assert.match(error.summary, /a time is older than samples are kept \(2 times\): 1970-01-01/);
  assert.match(error.summary, /more than a day ahead/);
  assert.deepEqual(written(response), [1, 0, 0]);
  assert.deepEqual(await server.stored("good"), [`good{} 1@${now}`]);
  assert.deepEqual(
    server.telemetry
      .refusedSamples()
      .map(({ environment, reason, refused }) => [environment, reason, refused]),
    [
      ["", "a time is older than samples are kept", 2],
      ["", "a time lies more than a day ahead", 1],
      ["", "a series has no __name__", 1],
      ["", "its series cannot be stored", 3],
      ["", "a series has a label twice", 1],
      ["", "a label's value is longer than 65536", 1],
    ],
  );
});

test("broken, foreign and oversized bodies", async () => {
  await using server = await openReceivingServer();
  const status = async (body: Uint8Array, headers: Record<string, string> = v1) => {
    const response = await server.post("/api/v1/write", body, headers);
    await response.text();
    return response.status;
  };
  const good = encodeSnappy(message(seriesV1({ __name__: "up" }, [[now, 1]])));
  assert.equal(await status(Buffer.from("garbage")), 400);
  assert.equal(await status(encodeSnappy(Buffer.from("garbage"))), 400);
  assert.equal(await status(good.subarray(0, good.length - 3)), 400);
  const notText = Buffer.from(message(seriesV1({ __name__: "up", label: "\u00e9" }, [[now, 1]])));
  notText[notText.indexOf(0xc3)] = 0xff;
  assert.equal(await status(encodeSnappy(notText)), 400);
  assert.equal(await status(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)), 413);
  assert.equal(
    await status(zstdCompressSync(Buffer.alloc(40 * 2 ** 20)), { ...v1, "content-encoding": "zstd" }),
    413,
  );
  assert.equal(await status(good, { ...v1, "content-encoding": "br" }), 415);
  assert.equal(await status(good, { ...v1, "content-type": "application/json" }), 415);
  assert.equal(await status(good, { ...v1, "content-type": "application/x-protobuf;proto=other" }), 415);
  assert.equal(await status(good, { ...v1, authorization: "Bearer page" }), 403);
  assert.equal(await status(good, { ...v1, authorization: "" }), 401);
  assert.deepEqual(
    server.telemetry.refusedSamples().map(({ reason, refused }) => [reason, refused]),
    [
      ["a request is malformed", 4],
      ["a request is too large once it is decompressed", 2],
      ["a request has a content type or encoding that is not taken", 3],
    ],
  );
  assert.equal(await status(good), 204);
  assert.equal((await server.stored("up")).length, 1);
});
