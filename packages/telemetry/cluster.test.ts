import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { onCluster, openTestCluster } from "@havn/clickhouse/testing";
import { systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { createTelemetry } from "./index.ts";
import { LogBuffer } from "./protocols/agent/logs.ts";

const minute = 60_000;
const hour = 60 * minute;
const base = Math.floor(Date.now() / (24 * hour) - 2) * 24 * hour;

// All tests of this room run over a cluster with TEST_CLICKHOUSE=cluster. This one sees to the main road.
test("on a cluster: samples and lines come in, are rolled up, asked for, and removed", {
  timeout: 600_000,
}, async () => {
  await using cluster = await openTestCluster();
  const directory = new URL("./migrations/", import.meta.url);
  for (const file of await readdir(directory))
    for (const statement of (await readFile(new URL(file, directory), "utf8")).split(/;\s*$/m))
      if (statement.trim() !== "")
        for (const made of onCluster(statement, "c")) await cluster.clickhouse.query(`EXPLAIN AST ${made}`);

  const now = base + 20 * hour;
  await using telemetry = await createTelemetry({
    ...{ clickhouse: cluster.clickhouse, clock: { ...systemClock, now: () => now } },
    spoolDirectory: join(cluster.directory, "spool"),
  });
  telemetry.rollups.setRules([]);
  const samples = ["a", "b", "c"].flatMap((instance) =>
    Array.from({ length: 20 * 60 + 1 }, (_, n) => ({
      labels: { __name__: "hits_total", instance },
      time: base + n * minute,
      value: n * 6,
    })),
  );
  await telemetry.write("shop", samples);
  const buffer = new LogBuffer();
  const time = String(BigInt(now) * 1_000_000n);
  buffer.add({
    ...{ time, service: "shop", instance: "shop-1", severity: "info", body: "ready" },
    ...{ traceId: "", spanId: "", attributes: {} },
  });
  await telemetry.ingest("logs", "1", { environment: "shop", host: "shop/host/web-1" }, buffer.encode());
  await telemetry.flush();
  assert.equal((await telemetry.logs.search({ environment: "shop", limit: 10 }))[0]?.body, "ready");

  const engine = createPromqlEngine({ querier: telemetry.querier });
  const window = { startMs: base + hour, endMs: now, stepMs: hour };
  const ask = async () => {
    const { matrix, tiers } = await engine.range("sum(rate(hits_total[1h]))", window);
    return { tiers, values: [...(matrix[0]?.values ?? [])].map((value) => value.toFixed(9)) };
  };
  const values = Array.from({ length: 20 }, () => "0.300000000");
  assert.deepEqual(await ask(), { tiers: [{ resolution: "raw", exact: true }], values });
  await telemetry.rollups.pass();
  assert.deepEqual(await ask(), { tiers: [{ resolution: "1h", exact: true }], values });
});
