import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Labels, systemClock } from "@havn/model";
import { type ScrapeProperties, scrapeProperties } from "@havn/prometheus";
import { decodeProto } from "../protocols/prometheus-proto/decode.ts";
import { message } from "../testing/protobuf.ts";
import { labelsText } from "../testing/text.ts";
import { Connection } from "./fetch.ts";
import { acceptHeader, protocolOf } from "./formats.ts";
import { httpOf } from "./http.ts";
import { jobOf, planTarget } from "./plan.ts";
import { newState, scrapeTarget, type Target } from "./target.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An endpoint that gives one answer after the other, the last one again and again. */
async function openEndpoint(...answers: (string | Answer)[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(request);
    if (typeof answer === "function") answer(request, response);
    else response.setHeader("content-type", "text/plain; version=0.0.4").end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Scrapes so many times, as fast as it goes, and says what was written: a line a sample, times left out. */
async function scrape(
  endpoint: { address: string },
  config: Partial<ScrapeProperties>,
  { times = 1, change = {} }: { times?: number; change?: Partial<Target> } = {},
): Promise<{ rounds: string[][]; error: string; ended: string[] }> {
  const properties = scrapeProperties.parse({
    job_name: "test",
    scrape_interval: "50ms",
    scrape_timeout: "50ms",
    ...config,
  });
  const planned = planTarget(jobOf(properties), { __address__: endpoint.address });
  assert.ok(planned.kind === "active", JSON.stringify(planned));
  const stop = new AbortController();
  const rounds: string[][] = [];
  const state = newState();
  const connection = new Connection(httpOf(properties));
  let ended: string[] = [];
  let error = "";
  await scrapeTarget(
    { ...planned.target, timeout: 10_000, ...change },
    {
      ...{ clock: systemClock, connection, state, signal: stop.signal },
      write(fill) {
        const lines: string[] = [];
        const name = (labels: Labels) => labelsText(labels).replaceAll(endpoint.address, "ADDRESS");
        fill({
          add: (labels, _time, value) => lines.push(`${name(labels)} ${value}`),
          addStale: (labels) => lines.push(`${name(labels)} ends`),
          histogram: (labels, _time, { count, positive }) =>
            lines.push(`${name(labels)} histogram ${count} [${[...positive.counts]}]`),
          exemplar: (labels, { value, labels: own }) =>
            lines.push(`${name(labels)} exemplar ${value} ${own}`),
        });
        if (stop.signal.aborted) ended = lines;
        else rounds.push(lines.filter((line) => !line.startsWith("scrape_duration_seconds")));
        if (rounds.length === times && !stop.signal.aborted) {
          error = state.lastError;
          queueMicrotask(() => {
            error = state.lastError;
            stop.abort();
          });
        }
      },
    },
  );
  connection.close();
  return { rounds, error: error || state.lastError, ended };
}

const own = 'instance="ADDRESS",job="test"';
const report = (up: number, scraped: number, kept: number, added: number) => [
  `up{${own}} ${up}`,
  `scrape_samples_scraped{${own}} ${scraped}`,
  `scrape_samples_post_metric_relabeling{${own}} ${kept}`,
  `scrape_series_added{${own}} ${added}`,
];

test("series come, go and end with the target", async () => {
  await using endpoint = await openEndpoint(
    'a{x="1"} 1\nb 2\n',
    'a{x="1"} 3\nc 4 1700000000000\n',
    "not metrics at all {\n",
  );
  const { rounds, ended, error } = await scrape(endpoint, {}, { times: 3 });
  assert.deepEqual(rounds, [
    [`a{${own},x="1"} 1`, `b{${own}} 2`, ...report(1, 2, 2, 2)],
    [`a{${own},x="1"} 3`, `c{${own}} 4`, `b{${own}} ends`, ...report(1, 2, 2, 1)],
    // A series with times of its own does not end with the scrape.
    [`a{${own},x="1"} ends`, ...report(0, 0, 0, 0)],
  ]);
  assert.match(error, /Line 1 of the metrics/);
  assert.equal(ended.filter((line) => line.endsWith(" ends")).length, 5);
});

test("labels: honoured, or kept as exported; relabelled", async () => {
  await using endpoint = await openEndpoint('a{job="own",instance="i",extra=""} 1\ngo_x 1\n');
  const config = {
    metric_relabel_configs: [
      { source_labels: ["__name__"], regex: "go_.*", action: "drop" as const },
      { source_labels: ["exported_job"], target_label: "was" },
    ],
  };
  const { rounds } = await scrape(endpoint, config);
  assert.equal(
    rounds[0]?.[0],
    'a{exported_instance="i",exported_job="own",instance="ADDRESS",job="test",was="own"} 1',
  );
  assert.equal(rounds[0]?.[2]?.replace(/\{.*\}/, ""), "scrape_samples_scraped 2");
  assert.equal(rounds[0]?.[3]?.replace(/\{.*\}/, ""), "scrape_samples_post_metric_relabeling 1");
  const honoured = await scrape(endpoint, { honor_labels: true });
  assert.equal(honoured.rounds[0]?.[0], 'a{instance="i",job="own"} 1');
});

test("limits refuse the whole scrape and say which", async () => {
  await using endpoint = await openEndpoint(`a{x="${"v".repeat(50)}"} 1\nb 1\n`);
  for (const [config, message] of [
    [{ sample_limit: 1 }, /exposes 2 samples, more than the limit of 1/],
    [{ label_limit: 3 }, /a has 4 labels, more than the limit of 3/],
    [{ label_value_length_limit: 40 }, /value of x of a is longer than the limit of 40/],
    [{ label_name_length_limit: 3 }, /name of a label of a is longer than the limit of 3/],
    [{ body_size_limit: "20B" }, /larger than the limit of 20 bytes/],
  ] as const) {
    const { rounds, error } = await scrape(endpoint, config);
    assert.match(error, message);
    assert.equal(rounds[0]?.[0], `up{${own}} 0`);
  }
  const bomb = gzipSync(Buffer.alloc(1_000_000, "a 1\n"));
  await using packed = await openEndpoint((_, response) => {
    response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(bomb);
  });
  assert.match((await scrape(packed, { body_size_limit: "100KB" })).error, /larger than the limit/);
});

test("what proves who asks, parameters and what is accepted", async () => {
  await using elsewhere = await openEndpoint("a 1\n");
  await using endpoint = await openEndpoint((request, response) => {
    if (request.url?.startsWith("/moved")) response.setHeader("content-type", "text/plain").end("a 1\n");
    else response.writeHead(302, { location: `http://${elsewhere.address}/moved` }).end();
  });
  const config = {
    ...{ metrics_path: "/probe?fixed=1", params: { module: ["http", "tcp"] } },
    // In place of a reference stands what it was opened to.
    basic_auth: { username: "ada", password: "s3cret" },
    http_headers: { "X-Scope": { values: ["a", "b"] } },
  } as unknown as Partial<ScrapeProperties>;
  const properties = { job_name: "test", ...config } as ScrapeProperties;
  const planned = planTarget(jobOf(properties), { __address__: endpoint.address, __param_module: "icmp" });
  assert.equal(
    planned.kind === "active" && planned.target.url,
    `http://${endpoint.address}/probe?fixed=1&module=icmp&module=tcp`,
  );
  const connection = new Connection(httpOf(properties));
  const signal = new AbortController().signal;
  await connection.get(`http://${endpoint.address}/probe`, { signal, largest: 1000 });
  connection.close();
  const [first] = endpoint.asked;
  assert.equal(first?.headers.authorization, `Basic ${Buffer.from("ada:s3cret").toString("base64")}`);
  assert.equal(first?.headers["x-scope"], "a, b");
  // Another address does not get to know it.
  assert.equal(elsewhere.asked[0]?.url, "/moved");
  assert.equal(elsewhere.asked[0]?.headers.authorization, undefined);
});

test("a target that does not answer, or with something else", async () => {
  await using silent = await openEndpoint(() => {});
  assert.match((await scrape(silent, {}, { change: { timeout: 100 } })).error, /no answer within 0.1 s/);
  await using page = await openEndpoint((_, response) =>
    response.setHeader("content-type", "text/html").end("<html>"),
  );
  assert.match((await scrape(page, {})).error, /text\/html, not metrics/);
  await using broken = await openEndpoint((_, response) => response.writeHead(503).end());
  assert.match((await scrape(broken, {})).error, /HTTP status 503/);
  assert.match((await scrape({ address: "127.0.0.1:1" }, {})).error, /ECONNREFUSED/);
});

const bucket = (bound: number, count: number) =>
  [3, "bytes", message([1, "varint", count], [2, "double", bound])] as const;
const label = (name: string, value: string) =>
  [1, "bytes", message([1, "text", name], [2, "text", value])] as const;
const family = (name: string, type: number, ...metrics: Uint8Array[]) => {
  const bytes = message(
    [1, "text", name],
    [2, "text", "Help."],
    [3, "varint", type],
    ...metrics.map((metric) => [4, "bytes", metric] as const),
  );
  return Buffer.concat([
    Buffer.from([
      (bytes.length & 0x7f) | (bytes.length > 127 ? 0x80 : 0),
      ...(bytes.length > 127 ? [bytes.length >> 7] : []),
    ]),
    bytes,
  ]);
};
const nativeHistogram = message(
  [1, "varint", 6],
  [2, "double", 12.5],
  bucket(1, 2),
  bucket(10, 6),
  [5, "sint", 0],
  [6, "double", 1e-128],
  [12, "bytes", message([1, "sint", 0], [2, "varint", 2])],
  [13, "sint", 2],
  [13, "sint", 2],
);
const exposition = Buffer.concat([
  family("requests_total", 0, message(label("path", "/"), [3, "bytes", message([1, "double", 7])])),
  family("temperature", 1, message([2, "bytes", message([1, "double", -3.5])])),
  family("duration", 4, message(label("path", "/"), [7, "bytes", nativeHistogram])),
  family(
    "lag",
    2,
    message([
      4,
      "bytes",
      message(
        [1, "varint", 3],
        [2, "double", 9],
        [3, "bytes", message([1, "double", 0.5], [2, "double", 2])],
      ),
    ]),
  ),
]);

test("protobuf with native histograms, asked for and taken", async () => {
  await using endpoint = await openEndpoint((_, response) => {
    const type =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    response.setHeader("content-type", type).end(exposition);
  });
  const { rounds } = await scrape(endpoint, { scrape_native_histograms: true });
  assert.match(String(endpoint.asked[0]?.headers.accept), /^application\/vnd\.google\.protobuf;/);
  assert.deepEqual(rounds[0], [
    `requests_total{${own},path="/"} 7`,
    `temperature{${own}} -3.5`,
    `lag{${own},quantile="0.5"} 2`,
    `lag_sum{${own}} 9`,
    `lag_count{${own}} 3`,
    `duration{${own},path="/"} histogram 6 [2,4]`,
    ...report(1, 6, 6, 6),
  ]);
  const both = await scrape(endpoint, {
    scrape_native_histograms: true,
    always_scrape_classic_histograms: true,
  });
  assert.ok(both.rounds[0]?.includes(`duration_bucket{${own},le="10.0",path="/"} 6`));
  for (let end = 1; end < exposition.length; end += 7)
    try {
      decodeProto(exposition.subarray(0, end), { classic: true });
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
});

test("OpenMetrics: exemplars, and a bound is written one way only", async () => {
  await using endpoint = await openEndpoint((_, response) => {
    response
      .setHeader("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
      .end('# TYPE d histogram\nd_bucket{le="1"} 2 # {trace_id="abc"} 0.5\nd_bucket{le="+Inf"} 2\n# EOF\n');
  });
  const { rounds } = await scrape(endpoint, {});
  assert.deepEqual(rounds[0]?.slice(0, 3), [
    `d_bucket{${own},le="1.0"} 2`,
    `d_bucket{${own},le="1.0"} exemplar 0.5 trace_id,abc`,
    `d_bucket{${own},le="+Inf"} 2`,
  ]);
});

test("what is offered and what an answer is", () => {
  assert.equal(
    acceptHeader(["OpenMetricsText1.0.0", "PrometheusText0.0.4"]),
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
  );
  assert.equal(
    protocolOf("text/plain; version=1.0.0; escaping=allow-utf-8", undefined),
    "PrometheusText1.0.0",
  );
  assert.equal(protocolOf("text/plain", undefined), "PrometheusText0.0.4");
  assert.equal(protocolOf("", "PrometheusText0.0.4"), "PrometheusText0.0.4");
  assert.throws(() => protocolOf("", undefined), /no Content-Type/);
});
