import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import type { Matcher, Querier } from "@havn/promql/querier";
import { createTelemetry } from "../index.ts";
import { encodeSnappy } from "../protocols/snappy.ts";
import { message, requestV2 } from "../testing/protobuf.ts";
import { openReceivingServer } from "../testing/server.ts";

const now = Math.floor(Date.now() / 1000) * 1000;
const begun = now - 60_000;

/** Of each series its times and since when those count. */
async function startsOf(querier: Querier, name: string): Promise<(number[] | undefined)[][]> {
  const matcher: Matcher = { name: "__name__", operator: "=", value: name };
  const found: (number[] | undefined)[][] = [];
  const range = { start: now - 3_600_000, end: now + 3_600_000 };
  for await (const { timestamps, startTimestamps } of querier.select(
    [matcher],
    range,
    AbortSignal.timeout(60_000),
  ))
    found.push([[...timestamps], startTimestamps && [...startTimestamps]]);
  return found;
}

test("since when samples count is stored beside them, of those of whom it is told, and found after a restart", async () => {
  await using db = await openTestClickHouse();
  const options = { clickhouse: db.clickhouse, spoolDirectory: join(db.directory, "spool") };
  const expected = {
    told: [
      [
        [now, now + 1000, now + 2000],
        [begun, 0, now],
      ],
    ],
    untold: [[[now], undefined]],
  };
  {
    await using telemetry = await createTelemetry(options);
    const told = { __name__: "told" };
    await telemetry.write("shop", [
      { labels: told, time: now, value: 1, start: begun },
      { labels: told, time: now + 1000, value: 2 },
      { labels: { __name__: "untold" }, time: now, value: 1 },
    ]);
    await telemetry.flush();
    assert.deepEqual(await startsOf(telemetry.querier, "untold"), expected.untold);
    // What was asked for before stays in memory; the next write must be seen all the same.
    assert.deepEqual(await startsOf(telemetry.querier, "told"), [
      [
        [now, now + 1000],
        [begun, 0],
      ],
    ]);
    await telemetry.write("shop", [{ labels: told, time: now + 2000, value: 1, start: now }]);
    await telemetry.flush();
    assert.deepEqual(await startsOf(telemetry.querier, "told"), expected.told);
  }
  await using again = await createTelemetry(options);
  assert.deepEqual(await startsOf(again.querier, "told"), expected.told);
  assert.deepEqual(await startsOf(again.querier, "untold"), expected.untold);
});

test("a first sample whose series nobody noted is found to have a start", async () => {
  await using db = await openTestClickHouse();
  await using telemetry = await createTelemetry({
    clickhouse: db.clickhouse,
    spoolDirectory: join(db.directory, "spool"),
  });
  await telemetry.write("shop", [{ labels: { __name__: "before" }, time: now, value: 1 }]);
  await telemetry.flush();
  assert.deepEqual(await startsOf(telemetry.querier, "before"), [[[now], undefined]]);
  await telemetry.write("shop", [{ labels: { __name__: "before" }, time: now + 1, value: 2, start: begun }]);
  await telemetry.flush();
  assert.deepEqual(await startsOf(telemetry.querier, "before"), [
    [
      [now, now + 1],
      [0, begun],
    ],
  ]);
});

test("remote write 2.0 tells it of each sample, or of the series; OTLP of what adds up", async () => {
  await using server = await openReceivingServer();
  const sample = (...start: (readonly [number, "varint", number])[]) =>
    message([1, "double", 1], [2, "varint", now], ...start);
  const body = requestV2([
    {
      labels: { __name__: "each" },
      more: () => [[2, "bytes", sample([3, "varint", begun])]],
    },
    {
      labels: { __name__: "all" },
      more: () => [
        [2, "bytes", sample()],
        [6, "varint", begun],
      ],
    },
  ]);
  const written = await server.post("/api/v1/write", encodeSnappy(body), {
    "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "content-encoding": "snappy",
  });
  assert.equal(written.status, 204, await written.text());
  const point = {
    ...{ timeUnixNano: `${now}000000`, startTimeUnixNano: `${begun}000000`, asDouble: 1 },
  };
  const metrics = [
    { name: "added", sum: { dataPoints: [point], isMonotonic: true, aggregationTemporality: 2 } },
    { name: "difference", sum: { dataPoints: [point], isMonotonic: true, aggregationTemporality: 1 } },
    { name: "level", gauge: { dataPoints: [point] } },
  ];
  const otlp = await server.post(
    "/v1/metrics",
    JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
    { "content-type": "application/json" },
  );
  assert.equal(otlp.status, 200, await otlp.text());
  await server.telemetry.flush();
  const { querier } = server.telemetry;
  for (const name of ["each", "all", "added_total"])
    assert.deepEqual(await startsOf(querier, name), [[[now], [begun]]], name);
  for (const name of ["difference_total", "level"])
    assert.deepEqual(await startsOf(querier, name), [[[now], undefined]], name);
});
