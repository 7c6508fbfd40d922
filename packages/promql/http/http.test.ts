import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessGate, createHttpServer } from "@havn/http";
import { createPromqlEngine } from "../engine.ts";
import { memoryQuerier } from "../testing/index.ts";
import { parseHistogram } from "../written/histograms.ts";
import { promqlRoutes } from "./index.ts";

const reader: AccessGate = {
  authenticate: async ({ authorization }) =>
    authorization === undefined ? undefined : { id: "1", actor: "user:ada", role: "viewer", via: "token" },
  decide: (_identity, action) => action === "metric:read",
  audit: async () => assert.fail("reading leaves no audit entry"),
};

async function serve() {
  const querier = memoryQuerier();
  querier.add({ __name__: "up", host: "a" }, [{ timestamp: 1000, value: 1 }]);
  querier.add({ __name__: "up", host: "b" }, [
    { timestamp: 1000, value: 0 },
    { timestamp: 61_000, value: Number.POSITIVE_INFINITY },
  ]);
  const clock = { now: () => 2500, sleep: async () => {} };
  const routes = promqlRoutes({ engine: createPromqlEngine({ querier }), querier, clock });
  const server = await createHttpServer({ routes, access: reader });
  const ask = async (path: string, form?: Record<string, string>) => {
    const response = await server.inject({
      method: form ? "POST" : "GET",
      url: `/prometheus/api/v1${path}`,
      headers: {
        authorization: "Bearer x",
        ...(form && { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    });
    return { status: response.statusCode, body: JSON.parse(response.body) };
  };
  return { ask, querier, server, [Symbol.asyncDispose]: () => server.close() };
}

const success = (data: unknown, more = {}) => ({ status: 200, body: { status: "success", data, ...more } });
const failure = (status: number, errorType: string, error: string) => ({
  status,
  body: { status: "error", errorType, error },
});

test("instant queries by GET and by form", async () => {
  await using it = await serve();
  const vector = success({
    resultType: "vector",
    result: [
      { metric: { __name__: "up", host: "a" }, value: [2.5, "1"] },
      { metric: { __name__: "up", host: "b" }, value: [2.5, "0"] },
    ],
  });
  assert.deepEqual(await it.ask("/query?query=up"), vector);
  assert.deepEqual(await it.ask("/query", { query: "up" }), vector);
  assert.deepEqual(await it.ask("/query?query=up", { time: "1970-01-01T00:00:02.500Z" }), vector);
  assert.deepEqual(
    await it.ask("/query?query=1%2F0&time=60"),
    success({ resultType: "scalar", result: [60, "+Inf"] }),
  );
  assert.deepEqual(await it.ask("/query?query='x'"), success({ resultType: "string", result: [2.5, "x"] }));
  assert.deepEqual(
    await it.ask("/query?query=up[1m]"),
    success({
      resultType: "matrix",
      result: [
        { metric: { __name__: "up", host: "a" }, values: [[1, "1"]] },
        { metric: { __name__: "up", host: "b" }, values: [[1, "0"]] },
      ],
    }),
  );
  const limited = await it.ask("/query?query=up&limit=1");
  assert.equal(limited.body.data.result.length, 1);
  assert.deepEqual(limited.body.warnings, ["results truncated due to limit"]);
});

test("range queries", async () => {
  await using it = await serve();
  const expected = success({
    resultType: "matrix",
    result: [
      {
        metric: { host: "b" },
        values: [
          [1, "0"],
          [61, "+Inf"],
        ],
      },
    ],
  });
  const query = "max by (host) (up{host='b'})";
  assert.deepEqual(await it.ask("/query_range", { query, start: "1", end: "61", step: "1m" }), expected);
  const times = "start=1970-01-01T00:00:01Z&end=1970-01-01T01:01:01%2B01:00&step=60";
  assert.deepEqual(await it.ask(`/query_range?query=${encodeURIComponent(query)}&${times}`), expected);
  assert.deepEqual(
    await it.ask("/query_range?query=up&start=0&end=1"),
    failure(400, "bad_data", 'invalid parameter "step": cannot parse "" to a valid duration'),
  );
  assert.deepEqual(
    await it.ask("/query_range?query=up&start=x&end=1&step=1"),
    failure(400, "bad_data", 'invalid parameter "start": cannot parse "x" to a valid timestamp'),
  );
});

test("native histograms show their buckets", async () => {
  await using it = await serve();
  const histogram = parseHistogram(
    "{{schema:0 count:7 sum:3 z_bucket:1 z_bucket_w:0.5 buckets:[2 1] n_buckets:[3]}}",
  );
  it.querier.addSeries({
    labels: { __name__: "h" },
    timestamps: Float64Array.of(1000, 2000),
    values: Float64Array.of(0, 5),
    histograms: [histogram, undefined],
  });
  const shown = {
    count: "7",
    sum: "3",
    buckets: [
      [1, "-1", "-0.5", "3"],
      [3, "-0.5", "0.5", "1"],
      [0, "0.5", "1", "2"],
      [0, "1", "2", "1"],
    ],
  };
  assert.deepEqual(
    await it.ask("/query?query=h&time=1"),
    success({ resultType: "vector", result: [{ metric: { __name__: "h" }, histogram: [1, shown] }] }),
  );
  assert.deepEqual(
    await it.ask("/query_range?query=h&start=1&end=2&step=1"),
    success({
      resultType: "matrix",
      result: [{ metric: { __name__: "h" }, values: [[2, "5"]], histograms: [[1, shown]] }],
    }),
  );
});

test("a large result goes out in pieces that are one answer", async () => {
  await using it = await serve();
  const hosts = Array.from({ length: 25 }, (_, i) => `h${i}`.padEnd(4, "x")).sort();
  for (const host of hosts) it.querier.add({ __name__: "many", host }, [{ timestamp: 1000, value: 1 }]);
  const ask = (matcher: string) =>
    it.ask(
      `/query_range?query=${encodeURIComponent(`many${matcher} > 0 or vector(1) < 0`)}&start=1&end=300&step=0.03`,
    );
  const one = await ask(`{host="${hosts[0]}"}`);
  const all = await ask("");
  assert.equal(one.body.data.result[0].values.length, 9967);
  assert.deepEqual(
    all.body,
    success({
      resultType: "matrix",
      result: hosts.map((host) => ({
        metric: { __name__: "many", host },
        values: one.body.data.result[0].values,
      })),
    }).body,
  );
});

test("what a query took, and which part of it ran where", async () => {
  await using it = await serve();
  const query = encodeURIComponent("sum(rate(up[61s])) + count(up)");
  const times = "start=1&end=61&step=60";
  const { body } = await it.ask(`/query_range?query=${query}&${times}&stats=all`);
  const { timings, samples } = body.data.stats;
  assert.deepEqual(Object.keys(timings), [
    ...["evalTotalTime", "resultSortTime", "queryPreparationTime", "innerEvalTime", "execQueueTime"],
    "execTotalTime",
  ]);
  // At 1 s each series has a sample in the window and one for count; at 61 s b has two and one.
  assert.deepEqual(samples.totalQueryableSamplesPerStep, [
    [1, 4],
    [61, 5],
  ]);
  assert.equal(samples.totalQueryableSamples, 9);
  assert.ok(samples.peakSamples > 0);
  const brief = await it.ask(`/query?query=${query}&time=61&stats=1&explain=true`);
  assert.equal(brief.body.data.stats.samples.totalQueryableSamplesPerStep, undefined);
  assert.equal(brief.body.data.stats.samples.totalQueryableSamples, 5);
  const { plan } = brief.body.data.explain;
  const shown = (part: { expression: string; where: string; series: number; inner?: [] }): unknown[] => [
    `${part.expression}: ${part.where}, ${part.series}`,
    ...(part.inner ?? []).map(shown),
  ];
  assert.deepEqual(shown(plan), [
    "sum(rate(up[61s])) + count(up): evaluator, 1",
    ["sum(rate(up[61s])): evaluator, 1", ["rate(up[61s]): evaluator, 1", ["up: memory, 2"]]],
    ["count(up): evaluator, 1", ["up: memory, 2"]],
  ]);
  const plain = await it.ask(`/query?query=${query}&time=61`);
  assert.deepEqual(Object.keys(plain.body.data), ["resultType", "result"]);
});

test("labels, values and series", async () => {
  await using it = await serve();
  assert.deepEqual(await it.ask("/labels"), success(["__name__", "host"]));
  assert.deepEqual(await it.ask("/labels", { "match[]": "down" }), success([]));
  assert.deepEqual(await it.ask("/label/host/values"), success(["a", "b"]));
  assert.deepEqual(await it.ask("/label/host/values?match[]=up{host!='a'}&match[]=down"), success(["b"]));
  assert.deepEqual(await it.ask("/series?match[]=up{host='a'}"), success([{ __name__: "up", host: "a" }]));
  assert.deepEqual(await it.ask("/series"), failure(400, "bad_data", "no match[] parameter provided"));
});

test("failures carry Prometheus' types and status codes", async () => {
  await using it = await serve();
  assert.deepEqual(
    await it.ask("/query?query=rate(up)"),
    failure(
      400,
      "bad_data",
      'invalid parameter "query": 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ),
  );
  assert.deepEqual(
    await it.ask(`/query?query=${encodeURIComponent("up + on() group_left up")}`),
    failure(
      422,
      "execution",
      'found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="up", host="a"}, {__name__="up", host="b"}];many-to-many matching not allowed: matching labels must be unique on one side',
    ),
  );
  assert.deepEqual(
    await it.ask("/query?query=up&timeout=0"),
    failure(503, "timeout", "query timed out in query queue"),
  );
  const anonymous = await it.server.inject({ method: "GET", url: "/prometheus/api/v1/query?query=up" });
  assert.equal(anonymous.statusCode, 401);
  assert.equal(JSON.parse(anonymous.body).status, "error");
});

test("a caller who goes away is not asked for any more", async () => {
  const asked = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const querier = {
    ...memoryQuerier(),
    async *select(_matchers: unknown, _range: unknown, signal: AbortSignal): AsyncGenerator<never> {
      asked.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      stopped.resolve();
      signal.throwIfAborted();
    },
  };
  const clock = { now: () => 2500, sleep: async () => {} };
  const routes = promqlRoutes({ engine: createPromqlEngine({ querier }), querier, clock });
  const server = await createHttpServer({ routes, access: reader });
  try {
    const { url } = await server.listen({ port: 0 });
    const gone = new AbortController();
    const answer = fetch(`${url}/prometheus/api/v1/query?query=up`, {
      headers: { authorization: "Bearer x" },
      signal: gone.signal,
    });
    await asked.promise;
    gone.abort();
    await assert.rejects(answer, { name: "AbortError" });
    await stopped.promise;
  } finally {
    await server.close();
  }
});

test("a query that would hold too much in memory is refused", async () => {
  const querier = memoryQuerier();
  for (let n = 0; n < 50; n++) querier.add({ __name__: "m", n: String(n) }, [{ timestamp: 1000, value: n }]);
  const engine = createPromqlEngine({ querier, maxBytes: 2 ** 20 });
  const window = { startMs: 1000, endMs: 300_000, stepMs: 100 };
  await assert.rejects(engine.range("m > 0", window), {
    type: "execution",
    message:
      "the query would hold more than 1 MiB in memory: select fewer series, aggregate them, or ask for fewer steps",
  });
  assert.equal((await engine.range("sum(m)", window)).matrix.length, 1);
});
