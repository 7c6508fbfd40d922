import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSnappy } from "../protocols/snappy.ts";
import { startPrometheus } from "../testing/prometheus.ts";
import { message, seriesV1 } from "../testing/protobuf.ts";
import { openReceivingServer } from "../testing/server.ts";
import { crc32c } from "./crc32c.ts";
import { compareLabels, decodeRequest, Message } from "./messages.ts";
import { boundedSelect } from "./read.ts";

const now = Math.floor(Date.now() / 1000) * 1000 - 600_000;

test("Debian's Prometheus reads from here what it never scraped", { timeout: 600_000 }, async () => {
  await using server = await openReceivingServer();
  // Values and times of every kind that a chunk packs differently.
  const values = [0, 1, 1, 1.5, -7, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 3, 4, 5, 12_345.678];
  const samples = Array.from({ length: 400 }, (_, at): [number, number] => [
    now + at * 1000 + (at % 7) * (at % 5) + (at > 200 ? 60_000 : 0),
    values[at % values.length] ?? 0,
  ]);
  const body = message(
    ...["b", "a", "c"].map((instance) => seriesV1({ __name__: "kept", instance }, samples)),
    seriesV1({ __name__: "other" }, [[now, 1]]),
  );
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
  assert.equal((await server.post("/api/v1/write", encodeSnappy(body), headers)).status, 204);
  await server.telemetry.flush();
  await using prometheus = await startPrometheus(
    () => `
remote_read:
  - url: ${server.url}/api/v1/read
    authorization: { credentials: sender }
    read_recent: true
`,
  );
  const query = encodeURIComponent('kept{instance=~"a|b"}[20m]');
  const { result } = await prometheus.get<{
    result: { metric: Record<string, string>; values: [number, string][] }[];
  }>(`/api/v1/query?query=${query}&time=${(now + 700_000) / 1000}`);
  assert.deepEqual(
    result.map(({ metric }) => metric.instance),
    ["a", "b"],
  );
  const numberOf = (text: string) => (text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text));
  for (const { values: got } of result)
    assert.deepEqual(
      got.map(([time, value]) => [Math.round(time * 1000), numberOf(value)]),
      samples,
    );
});

test("the checksum and the order of series are Prometheus' own", () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  const given: Record<string, string>[] = [{ b: "1" }, { a: "2" }, { a: "1", c: "1" }, { a: "1" }, {}];
  assert.deepEqual(given.sort(compareLabels), [{}, { a: "1" }, { a: "1", c: "1" }, { a: "2" }, { b: "1" }]);
});

test("garbage is refused", async () => {
  await using server = await openReceivingServer();
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
  const response = await server.post("/api/v1/read", encodeSnappy(Buffer.from([0x0a, 0xff])), headers);
  assert.equal(response.status, 400);
});

test("too many queries or matchers are refused", () => {
  const many = (count: number, part: Uint8Array, field: number) => {
    const message = new Message();
    for (let at = 0; at < count; at++) message.bytes(field, part);
    return message.view();
  };
  const matcher = new Message().text(2, "a").text(3, "b").view();
  assert.equal(decodeRequest(many(100, many(1, matcher, 3), 1)).queries.length, 100);
  assert.throws(() => decodeRequest(many(101, new Uint8Array(), 1)), TypeError);
  assert.throws(() => decodeRequest(many(1, many(101, matcher, 3), 1)), TypeError);
});

test("samples are counted over all queries", async () => {
  const two = { labels: {}, timestamps: new Float64Array(2), values: new Float64Array(2) };
  const querier = {
    async *select() {
      yield two;
    },
  };
  const { select } = boundedSelect(querier, 3);
  const read = () => Array.fromAsync(select([], { start: 0, end: 1 }, new AbortController().signal));
  assert.equal((await read()).length, 1);
  await assert.rejects(read, { status: 422 });
});
