import assert from "node:assert/strict";
import { HavnError } from "@havn/model";
import { type FuzzTarget, fuzzTests } from "@havn/testkit";
import { SeriesRegistry } from "./metrics/registry.ts";
import { Sink } from "./metrics/sink.ts";
import { parseGraphiteLine } from "./protocols/graphite/parse.ts";
import { parseInfluxLine } from "./protocols/influx/parse.ts";
import { DeltaSums } from "./protocols/otlp/deltas.ts";
import { readLogs } from "./protocols/otlp/logs.ts";
import { decodeOtlp, logsRequest, metricsRequest } from "./protocols/otlp/messages.ts";
import { storeMetrics } from "./protocols/otlp/metrics.ts";
import { logsSchema, metricsSchema } from "./protocols/otlp/schema.ts";
import { decodeProto } from "./protocols/prometheus-proto/decode.ts";
import { parseExposition } from "./protocols/prometheus-text/parse.ts";
import { decodeWriteV1 } from "./protocols/remote-write/v1.ts";
import { decodeWriteV2 } from "./protocols/remote-write/v2.ts";
import { decodeSnappy, encodeSnappy } from "./protocols/snappy.ts";
import { parseStatsdLine } from "./protocols/statsd/parse.ts";
import { message, packed, requestV2, seriesV1 } from "./testing/protobuf.ts";

const now = Date.UTC(2026, 0, 1);
const decodedLimit = 1 << 20;

/** A TypeError is how decoders say that bytes are wrong; those that the engine itself makes are mistakes of ours. */
const isTyped = (error: unknown) =>
  error instanceof HavnError ||
  (error instanceof TypeError &&
    !/Cannot |is not (a |iterable)|undefined|null|Invalid (array|typed)|Class /.test(error.message));

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const lines = (parse: (line: string) => unknown) => (bytes: Uint8Array) => text(bytes).split("\n").map(parse);

/** Decoded as far as the bytes that would go to disk. */
function stored(fill: (sink: Sink) => void): void {
  const sink = new Sink({ registry: new SeriesRegistry(), stamp: {}, oldest: 0, latest: 2 ** 43 });
  fill(sink);
  for (const { rows } of sink.batch.segments()) assert.ok(rows.length >= 0);
}

const histogram = message(
  [1, "varint", 10],
  [3, "double", 18.4],
  [4, "sint", -1],
  [5, "double", 0.001],
  [6, "varint", 1],
  [11, "bytes", message([1, "sint", 1], [2, "varint", 2])],
  [12, "bytes", packed("sint", [2, 1])],
  [9, "bytes", message([1, "sint", 1], [2, "varint", 2])],
  [10, "bytes", packed("sint", [2, 1])],
  [15, "varint", now],
);
const exemplar = message(
  [1, "bytes", message([1, "text", "trace_id"], [2, "text", "abc"])],
  [2, "double", 0.5],
  [3, "varint", now],
);
const protoWords = ["\n", "\x12", "\x1a", "\x22", "\x08", "\x09", "\x80\x80\x80\x80\x10", "__name__"];
const exposed = [
  '# HELP a_total Help \\n of it.\n# TYPE a_total counter\na_total{b="c",d="\\"e\\\\"} 1.5e3 1700000000000\nup NaN\n',
  '# TYPE h histogram\n# UNIT h seconds\nh_bucket{le="0.5"} 1 # {trace_id="a"} 0.3 1.5\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n# EOF\n',
  '{"quoted.name", "a.b"="c"} -Inf\n',
];
const exposedWords = [
  "# TYPE ",
  "# HELP ",
  "# EOF\n",
  '{le="+Inf"}',
  " # {",
  "_total",
  "_created",
  "NaN",
  '"',
  "\\n",
];
const family = message(
  [1, "text", "requests"],
  [2, "text", "Requests."],
  [3, "varint", 4],
  [
    4,
    "bytes",
    message(
      [1, "bytes", message([1, "text", "job"], [2, "text", "api"])],
      [3, "bytes", message([1, "double", 5])],
      [
        7,
        "bytes",
        message(
          [1, "varint", 3],
          [2, "double", 1.5],
          [3, "bytes", message([1, "varint", 1], [2, "double", 0.5], [3, "bytes", exemplar])],
          [5, "sint", 0],
          [6, "double", 0.1],
          [7, "varint", 1],
          [12, "bytes", message([1, "sint", 0], [2, "varint", 1])],
          [13, "bytes", packed("sint", [2])],
        ),
      ],
      [6, "varint", now],
    ),
  ],
);
const otlp = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeMetrics: [
        {
          metrics: [
            {
              name: "a",
              sum: {
                aggregationTemporality: 1,
                isMonotonic: true,
                dataPoints: [{ asInt: "5", timeUnixNano: "1767225600000000000" }],
              },
            },
            {
              name: "h",
              unit: "s",
              histogram: {
                aggregationTemporality: 2,
                dataPoints: [{ count: "3", sum: 2, bucketCounts: ["1", "2"], explicitBounds: [1] }],
              },
            },
            {
              name: "e",
              exponentialHistogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  { count: "3", scale: 2, zeroCount: "1", positive: { offset: 1, bucketCounts: ["2"] } },
                ],
              },
            },
            {
              name: "s",
              summary: {
                dataPoints: [{ count: "1", sum: 1, quantileValues: [{ quantile: 0.5, value: 1 }] }],
              },
            },
          ],
        },
      ],
    },
  ],
};

const targets: FuzzTarget[] = [
  {
    name: "exposition",
    run: (bytes) => parseExposition(bytes, { most: 10_000 }),
    ...{ isTyped, seeds: exposed, words: exposedWords },
  },
  {
    name: "openmetrics",
    run: (bytes) => parseExposition(bytes, { openMetrics: true, most: 10_000 }),
    ...{ isTyped, seeds: exposed, words: exposedWords },
  },
  {
    name: "exposition-protobuf",
    run: (bytes) => decodeProto(bytes, { classic: true, most: 10_000 }),
    seeds: [Uint8Array.of((family.length & 0x7f) | 0x80, family.length >> 7, ...family)],
    ...{ isTyped, words: protoWords },
  },
  {
    name: "remote-write-1",
    run: (bytes) => stored((sink) => decodeWriteV1(bytes, sink)),
    seeds: [
      message(
        seriesV1({ __name__: "up", job: "a" }, [[now, 1]], [3, "bytes", exemplar], [4, "bytes", histogram]),
        [3, "bytes", message([1, "varint", 2], [2, "text", "up"], [4, "text", "Up."])],
      ),
    ],
    ...{ isTyped, words: protoWords },
  },
  {
    name: "remote-write-2",
    run: (bytes) => stored((sink) => decodeWriteV2(bytes, sink)),
    seeds: [
      requestV2([
        {
          labels: { __name__: "up", job: "a" },
          values: [[now, 1]],
          more: (symbol) => [
            [3, "bytes", histogram],
            [5, "bytes", message([1, "varint", 1], [3, "varint", symbol("Up.")])],
          ],
        },
      ]),
    ],
    ...{ isTyped, words: protoWords },
  },
  {
    name: "snappy",
    run(bytes) {
      assert.ok(Buffer.from(decodeSnappy(encodeSnappy(bytes), decodedLimit)).equals(bytes));
      assert.ok(decodeSnappy(bytes, decodedLimit).length <= decodedLimit);
    },
    seeds: [encodeSnappy(Buffer.from("abcabcabcabcabcabc".repeat(20))), encodeSnappy(Buffer.from("x"))],
    ...{ isTyped, words: ["\xff\xff\xff\xff\x0f", "\xfe\x01\x00", "\x01\x04", "\x80\x80\x04"] },
  },
  {
    name: "otlp-metrics",
    run(bytes) {
      const parsed = metricsSchema.safeParse(decodeOtlp(bytes, metricsRequest));
      if (parsed.success) stored((sink) => storeMetrics(parsed.data.resourceMetrics, sink, new DeltaSums()));
    },
    seeds: [
      message([
        1,
        "bytes",
        message(
          [
            1,
            "bytes",
            message([1, "bytes", message([1, "text", "host.name"], [2, "bytes", message([1, "text", "a"])])]),
          ],
          [
            2,
            "bytes",
            message([
              2,
              "bytes",
              message([1, "text", "m"], [5, "bytes", message([1, "bytes", message([4, "double", 1.5])])]),
            ]),
          ],
        ),
      ]),
    ],
    ...{ isTyped, words: protoWords },
  },
  {
    name: "otlp-json",
    run(bytes) {
      let decoded: unknown;
      try {
        decoded = JSON.parse(text(bytes));
      } catch {
        return;
      }
      const parsed = metricsSchema.safeParse(decoded);
      if (parsed.success) stored((sink) => storeMetrics(parsed.data.resourceMetrics, sink, new DeltaSums()));
    },
    seeds: [JSON.stringify(otlp)],
    ...{
      isTyped,
      words: ['"asDouble":', '"flags":1', '"NaN"', '"attributes":[]', "1e400", "-1", '"gauge"', "null", "[]"],
    },
  },
  {
    name: "otlp-logs",
    run(bytes) {
      const parsed = logsSchema.safeParse(decodeOtlp(bytes, logsRequest));
      if (!parsed.success) return;
      for (const { lines: buffer } of readLogs(parsed.data.resourceLogs, { environment: "e", now }).hosts)
        buffer.encode();
    },
    seeds: [
      message([
        1,
        "bytes",
        message([
          2,
          "bytes",
          message([2, "bytes", message([2, "varint", 9], [5, "bytes", message([1, "text", "hello"])])]),
        ]),
      ]),
    ],
    ...{ isTyped, words: protoWords },
  },
  {
    name: "influx",
    run: lines(parseInfluxLine),
    seeds: ['cpu,host=a\\ b,c=d used=5i,idle=1.5,ok=t,text="x y" 1700000000000000000\n# comment\nm f=1u'],
    ...{ isTyped, words: ["\\ ", "\\,", "\\=", '"', "i ", "u", "t", " 1e5", ",a=b", "true"] },
  },
  {
    name: "graphite",
    run: lines(parseGraphiteLine),
    seeds: ["servers.a.load 1.5 1700000000\ndisk.used;host=a;rack=b 5\n"],
    ...{ isTyped, words: [";a=b", " -1", " 1.5e3", ".", "nan", "\t"] },
  },
  {
    name: "statsd",
    run: lines(parseStatsdLine),
    seeds: ["a.b:1|c|@0.5|#env:x,y\nt:1:2:3|ms\ng:-5|g\ns:abc|s\nd:1.5|d|#a:b|c:abc|T1700000000\n"],
    ...{ isTyped, words: ["|c", "|@0.1", "|#a:b", "|ms", "|h", "_e{5,4}:", "_sc|", ":", "|T170"] },
  },
];

fuzzTests(new URL("./corpus/", import.meta.url), targets);
