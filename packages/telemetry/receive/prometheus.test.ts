import assert from "node:assert/strict";
import { test } from "node:test";
import { startPrometheus } from "../testing/prometheus.ts";
import { openReceivingServer } from "../testing/server.ts";
import { labelsText } from "../testing/text.ts";

interface Matrix {
  result: { metric: Record<string, string>; values: [number, string][] }[];
}

const config = (url: string) => (port: number) =>
  `
global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs:
  - job_name: prometheus
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
remote_write:
  - url: ${url}/api/v1/write
    authorization: { credentials: sender }
    queue_config: { batch_send_deadline: 200ms }
    metadata_config: { send_interval: 1s }
`;

test("Debian's Prometheus sends what it scrapes, sample for sample", { timeout: 600_000 }, async () => {
  await using server = await openReceivingServer();
  await using prometheus = await startPrometheus(config(server.url));
  const seen = async () => (await server.stored("up"))[0]?.split(" ").length ?? 0;
  for (const limit = Date.now() + 60_000; (await seen()) < 8 && Date.now() < limit; )
    await new Promise((resolve) => setTimeout(resolve, 200));
  const last = Math.max(...((await server.stored("up"))[0] ?? "").split("@").slice(1).map(Number.parseFloat));
  // What was scraped up to the fifth last sample of `up` has been sent for all series of that scrape.
  const end = last - 2_000;
  const matchers = [{ name: "job", operator: "=" as const, value: "prometheus" }];
  const ours = new Map<string, string>();
  const range = { start: end - 60_000, end };
  for await (const { labels, timestamps, values } of server.telemetry.querier.select(
    matchers,
    range,
    new AbortController().signal,
  ))
    ours.set(labelsText(labels), [...timestamps].map((time, at) => `${values[at]}@${time}`).join(" "));
  const query = encodeURIComponent('{job="prometheus"}[1m]');
  const { result } = await prometheus.get<Matrix>(`/api/v1/query?query=${query}&time=${end / 1000}`);
  const theirs = new Map(
    result.map(({ metric, values }) => [
      labelsText(metric),
      values.map(([time, value]) => `${Number(value)}@${Math.round(time * 1000)}`).join(" "),
    ]),
  );
  assert.ok(theirs.size > 300, `only ${theirs.size} series`);
  // The sender starts a moment after the first scrapes: it owes us only what came after our first sample of each.
  const differing = [...theirs].filter(([labels, values]) => !values.endsWith(ours.get(labels) || "none"));
  assert.deepEqual(
    differing.slice(0, 3).map(([labels, values]) => [labels, values, ours.get(labels)]),
    [],
  );
  const failed = await prometheus.get<{ result: { value: [number, string] }[] }>(
    `/api/v1/query?query=${encodeURIComponent("prometheus_remote_storage_samples_failed_total")}`,
  );
  assert.equal(failed.result[0]?.value[1], "0");
});
