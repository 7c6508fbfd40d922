import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSnappy } from "../protocols/snappy.ts";
import { message, seriesV1 } from "../testing/protobuf.ts";
import { openReceivingServer, type ReceivingServer } from "../testing/server.ts";

const now = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };

async function fill(server: ReceivingServer) {
  const series = ["a", "b"].flatMap((instance) =>
    ["1", "2", "3"].map((path) =>
      seriesV1(
        { __name__: "hits", env: "shop", job: "web", instance, path, service: "shop", release: "r1" },
        [
          [now, 1],
          [now + 1000, 2],
        ],
      ),
    ),
  );
  const body = message(
    ...series,
    seriesV1({ __name__: "kept", env: "shop", job: "web", instance: "a" }, [[now, 1]]),
  );
  assert.equal((await server.post("/api/v1/write", encodeSnappy(body), headers)).status, 204);
  await server.telemetry.flush();
}

const json = { "content-type": "application/json" };

test("what series are many of", async () => {
  await using server = await openReceivingServer();
  await fill(server);
  const response = await fetch(`${server.url}/api/v1/metrics/cardinality?limit=2&days=2`, {
    headers: { authorization: "Bearer x" },
  });
  const selected = await fetch(`${server.url}/api/v1/metrics/cardinality?match=kept&days=2`, {
    headers: { authorization: "Bearer x" },
  });
  assert.equal(((await selected.json()) as { series: number }).series, 1);
  assert.deepEqual(await response.json(), {
    series: 7,
    names: [
      { value: "hits", series: 6 },
      { value: "kept", series: 1 },
    ],
    labels: [
      { value: "path", values: 3, series: 6 },
      { value: "instance", values: 2, series: 7 },
    ],
    targets: [
      { environment: "shop", job: "web", instance: "a", series: 4 },
      { environment: "shop", job: "web", instance: "b", series: 3 },
    ],
    releases: [{ environment: "shop", service: "shop", release: "r1", series: 6 }],
  });
});

test("deletion by matcher: counted, in a range, and whole; what is sent again is there again", async () => {
  await using server = await openReceivingServer();
  await fill(server);
  const ask = async (body: object) => {
    const response = await server.post("/api/v1/metrics/delete", JSON.stringify(body), json);
    return response.status === 200 ? await response.json() : response.status;
  };
  const match = ['hits{instance="a"}'];
  const counted = { series: 3, samples: 6, histograms: 0, names: [{ value: "hits", series: 3 }] };
  assert.deepEqual(await ask({ match, preview: true }), counted);
  assert.equal((await server.stored("hits")).length, 6);
  assert.deepEqual(await ask({ match, from: now + 500, until: now + 5000 }), { ...counted, samples: 3 });
  assert.equal((await server.stored("hits")).filter((line) => line.endsWith(`1@${now}`)).length, 3);
  const form = new URLSearchParams({ "match[]": match[0] ?? "" });
  const deleted = await server.post("/prometheus/api/v1/admin/tsdb/delete_series", form.toString(), {
    "content-type": "application/x-www-form-urlencoded",
  });
  assert.equal(deleted.status, 204);
  assert.equal((await server.stored("hits")).length, 3);
  assert.equal((await server.stored("kept")).length, 1);
  await fill(server);
  assert.equal((await server.stored("hits")).length, 6);
  assert.equal(await ask({ match: ["sum(hits)"] }), 400);
  assert.equal(await ask({ match: ["{"] }), 400);
});

test("deletion reaches what samples were rolled up to", async () => {
  const then = now - (now % 3_600_000) - 20 * 3_600_000;
  await using server = await openReceivingServer();
  const samples = Array.from({ length: 120 }, (_, n): [number, number] => [then + (n + 1) * 60_000, n]);
  const body = message(...["a", "b"].map((n) => seriesV1({ __name__: "rolled", n }, samples)));
  assert.equal((await server.post("/api/v1/write", encodeSnappy(body), headers)).status, 204);
  const { rollups } = server.telemetry;
  await server.telemetry.flush();
  rollups.setRules([]);
  await rollups.pass();
  const counts = async (n: string) => {
    const counted = (table: string) =>
      server.rows<{ n: string }>(
        `SELECT toString(sum(count)) AS n FROM ${table} FINAL
         WHERE series_id IN (SELECT id FROM series WHERE labels['n'] = '${n}')`,
      );
    const [[five], [hour]] = await Promise.all([counted("rollups_5m"), counted("rollups_1h")]);
    return [Number(five?.n), Number(hour?.n)];
  };
  assert.deepEqual(await counts("a"), [120, 120]);
  const until = then + 3_600_000 + 90_000;
  const remove = (given: object) =>
    server.post("/api/v1/metrics/delete", JSON.stringify({ match: ['rolled{n="a"}'], ...given }), json);
  assert.equal((await remove({ from: then, until })).status, 200);
  await rollups.pass();
  assert.deepEqual(
    [await counts("a"), await counts("b")],
    [
      [59, 59],
      [120, 120],
    ],
  );
  assert.equal((await remove({})).status, 200);
  assert.deepEqual(
    await server.rows("SELECT DISTINCT series_id FROM rollups_5m"),
    await server.rows("SELECT DISTINCT series_id FROM rollups_1h"),
  );
  assert.deepEqual(await counts("b"), [120, 120]);
});
