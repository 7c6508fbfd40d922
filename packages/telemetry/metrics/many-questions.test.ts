import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { type AccessGate, createHttpServer } from "@havn/http";
import { systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { createTelemetry } from "../index.ts";

const reader: AccessGate = {
  authenticate: async () => ({ id: "1", actor: "user:ada", role: "viewer", via: "token" }),
  decide: () => true,
  audit: async () => undefined,
};

const series = 5_000;
const everySeconds = 30;
const samplesOfSeries = 120;
const mebibyte = 2 ** 20;

/** A store with samples of the last hour that nobody asked for yet, behind the HTTP API. */
async function openCold() {
  const stack = new AsyncDisposableStack();
  const store = stack.use(await openTestClickHouse());
  const { clickhouse, directory } = store;
  const telemetry = stack.use(
    await createTelemetry({ clickhouse, spoolDirectory: join(directory, "spool") }),
  );
  const end = Math.floor(Date.now() / 1000) - 60;
  const start = end - samplesOfSeries * everySeconds;
  for (const day of new Set([start, end].map((seconds) => Math.floor(seconds / 86_400))))
    await clickhouse.execute(`
      INSERT INTO series SELECT toDate(${day}), sipHash64(number), 'm',
        map('n', toString(number), 'group', toString(number % 50), 'job', toString(number % 7))
      FROM numbers(${series})`);
  await clickhouse.execute(`
    INSERT INTO samples (series_id, timestamp, given) SELECT sipHash64(toUInt64(number % ${series})),
      fromUnixTimestamp64Milli(toInt64((${start} + intDiv(number, ${series}) * ${everySeconds}) * 1000)), rand() / 7
    FROM numbers(${series * samplesOfSeries})`);
  const { querier } = telemetry;
  const engine = createPromqlEngine({ querier });
  const server = await createHttpServer({
    routes: promqlRoutes({ engine, querier, clock: systemClock }),
    access: reader,
  });
  stack.defer(() => server.close());
  const { url } = await server.listen({ port: 0 });
  const ask = async (query: string) => {
    const search = new URLSearchParams({ query, start: String(start), end: String(end), step: "60" });
    const response = await fetch(`${url}/prometheus/api/v1/query_range?${search}`, {
      headers: { authorization: "Bearer x" },
    });
    const text = await response.text();
    assert.equal(response.status, 200, text.slice(0, 500));
    return JSON.parse(text) as { data: { result: unknown[] } };
  };
  return { ask, clickhouse, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function residentOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

test("fifty panels on a cold start are answered in turn, in bounded memory", async () => {
  await using it = await openCold();
  const before = process.memoryUsage().rss / mebibyte;
  let [own, child] = [0, 0];
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      own = Math.max(own, process.memoryUsage().rss / mebibyte);
      child = Math.max(child, await residentOf(it.clickhouse.pid));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  // All different, over all series or most of them.
  const panels = Array.from({ length: 50 }, (_, at) =>
    at % 2 === 0 ? `sum by (job) (rate(m[${at + 1}m]))` : `topk(5, max_over_time(m{group!="${at}"}[${at}m]))`,
  );
  const answers = await Promise.all(panels.map((panel) => it.ask(panel)));
  watching.abort();
  await watch;
  for (const [at, { data }] of answers.entries())
    if (at % 2 === 0) assert.equal(data.result.length, 7);
    else assert.ok(data.result.length >= 5);
  assert.ok(own - before < 500, `the server took ${Math.round(own - before)} MiB more`);
  assert.ok(child < 1_000, `ClickHouse took ${Math.round(child)} MiB`);
});
