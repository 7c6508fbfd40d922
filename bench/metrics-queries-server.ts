/** Havn's side of metrics-queries.ts: the store and PromQL behind the HTTP server, in a process of its own. */
import { totalmem } from "node:os";
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { createHttpServer } from "@havn/http";
import { systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { createTelemetry } from "@havn/telemetry";

const [directory = ""] = process.argv.slice(2);
const clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
const telemetry = await createTelemetry({
  clickhouse,
  spoolDirectory: join(directory, "spool"),
  log: console.error,
  // As the server has it where nobody says otherwise.
  largestCacheBytes: Math.min(1024, Math.max(128, totalmem() / 2 ** 20 / 24)) * 2 ** 20,
});
const { querier } = telemetry;
const engine = createPromqlEngine({ querier });
const server = await createHttpServer({
  routes: [...telemetry.routes, ...promqlRoutes({ engine, querier, clock: systemClock })],
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
    return;
  }
  await server.close();
  await telemetry[Symbol.asyncDispose]();
  await clickhouse[Symbol.asyncDispose]();
  process.exit();
});
// The bench was ended.
process.once("disconnect", () => process.exit());
process.send?.({ url, pids: [process.pid, clickhouse.pid] });
