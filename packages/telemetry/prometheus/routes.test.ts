import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSnappy } from "../protocols/snappy.ts";
import { message, seriesV1 } from "../testing/protobuf.ts";
import { openReceivingServer } from "../testing/server.ts";

const now = Math.floor(Date.now() / 1000) * 1000 - 10_000;

test("metadata, exemplars, targets, status and federation", async () => {
  await using server = await openReceivingServer();
  const exemplar = message(
    [1, "bytes", message([1, "text", "trace_id"], [2, "text", "abc"])],
    [2, "double", 0.5],
    [3, "varint", now],
  );
  const body = message(
    seriesV1({ __name__: "up", job: "node", instance: "a:1" }, [[now, 1]]),
    seriesV1({ __name__: "up", job: "node", instance: "b:1" }, [[now, 0]]),
    seriesV1(
      { __name__: "hits_total", path: 'a"b' },
      [
        [now - 5000, 6],
        [now, 7],
      ],
      [3, "bytes", exemplar],
    ),
    [
      3,
      "bytes",
      message([1, "varint", 1], [2, "text", "hits_total"], [4, "text", "Hits."], [5, "text", "hits"]),
    ],
  );
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
  assert.equal((await server.post("/api/v1/write", encodeSnappy(body), headers)).status, 204);
  await server.telemetry.flush();
  const ask = (path: string, options: RequestInit = {}) =>
    fetch(`${server.url}/prometheus${path}`, { ...options, headers: { authorization: "Bearer x" } });
  const data = async (path: string) => {
    const response = await ask(`/api/v1${path}`);
    const answer = (await response.json()) as { status: string; data: unknown };
    assert.equal(answer.status, "success", JSON.stringify(answer));
    return answer.data as unknown;
  };
  assert.deepEqual(await data("/metadata"), {
    hits_total: [{ type: "counter", help: "Hits.", unit: "hits" }],
  });
  assert.deepEqual(await data("/metadata?metric=none"), {});
  const found = { labels: { trace_id: "abc" }, value: "0.5", timestamp: now / 1000 };
  const exemplars = [{ seriesLabels: { __name__: "hits_total", path: 'a"b' }, exemplars: [found] }];
  const query = encodeURIComponent("sum(rate(hits_total[5m])) > 0");
  assert.deepEqual(await data(`/query_exemplars?query=${query}&start=${now / 1000 - 60}`), exemplars);
  assert.deepEqual(await data(`/query_exemplars?query=${query}&end=${now / 1000 - 60}`), []);
  const form = new URLSearchParams({ query: "hits_total" });
  const posted = await ask("/api/v1/query_exemplars", { method: "POST", body: form });
  assert.deepEqual(((await posted.json()) as { data: unknown }).data, exemplars);
  const { activeTargets } = (await data("/targets")) as {
    activeTargets: { health: string; scrapeUrl: string }[];
  };
  assert.deepEqual(
    activeTargets.map(({ health, scrapeUrl }) => `${scrapeUrl} ${health}`),
    ["http://a:1/metrics up", "http://b:1/metrics down"],
  );
  const tsdb = (await data("/status/tsdb?limit=1")) as Record<string, unknown>;
  assert.deepEqual(tsdb.headStats, { numSeries: 3 });
  assert.deepEqual(tsdb.seriesCountByMetricName, [{ name: "up", value: 2 }]);
  assert.deepEqual(tsdb.labelValueCountByLabelName, [{ name: "instance", value: 2 }]);
  assert.deepEqual(tsdb.seriesCountByLabelValuePair, [{ name: "job=node", value: 2 }]);
  for (const part of ["buildinfo", "runtimeinfo", "flags", "config"]) await data(`/status/${part}`);
  const federated = await ask(`/federate?match[]=${encodeURIComponent('{__name__=~"hits.*"}')}`);
  assert.equal(await federated.text(), `# TYPE hits_total counter\nhits_total{path="a\\"b"} 7 ${now}\n`);
  const broken = await ask("/federate?match[]=}");
  assert.equal(broken.status, 400);
  assert.match(((await broken.json()) as { error: string }).error, /invalid parameter "match\[\]"/);
});
