/** Havn's side of metrics-ingest.ts: the store behind the HTTP server, in a process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { createHttpServer } from "@havn/http";
import { createTelemetry } from "@havn/telemetry";

const directory = await mkdtemp("/tmp/havn-bench-metrics-");
const clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
const telemetry = await createTelemetry({
  clickhouse,
  spoolDirectory: join(directory, "spool"),
  log: console.error,
});
const server = await createHttpServer({
  routes: telemetry.routes,
  access: {
    authenticate: async () => ({ id: "1", actor: "token:bench", role: "operator", via: "token" }),
    decide: () => true,
    audit: async () => undefined,
  },
});
const { url } = await server.listen({ port: 0 });

process.on("message", async (message) => {
  if (message === "flush") {
    await telemetry.flush();
    process.send?.(0);
  } else if (message === "disk") {
    for (const table of ["samples", "series"]) await clickhouse.execute(`OPTIMIZE TABLE ${table} FINAL`);
    const sizes = await clickhouse.rows<{ table: string; bytes: string }>(
      `SELECT table, toString(sum(bytes_on_disk)) AS bytes FROM system.parts
       WHERE active AND table IN ('samples', 'series') GROUP BY table ORDER BY table`,
    );
    console.log(`    ${sizes.map(({ table, bytes }) => `${table}: ${bytes} bytes`).join(", ")}`);
    process.send?.(sizes.reduce((sum, { bytes }) => sum + Number(bytes), 0));
  } else {
    await server.close();
    await telemetry[Symbol.asyncDispose]();
    await clickhouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
    process.disconnect?.();
  }
});
process.send?.({ url, pids: [process.pid, clickhouse.pid] });
