import assert from "node:assert/strict";
import { test } from "node:test";
import { createPromqlEngine } from "@havn/promql";
import { openReceivingServer } from "../testing/server.ts";

test("metrics that nothing asked for are found, and what asked is written down", async () => {
  const began = Date.now();
  await using server = await openReceivingServer({
    mentions: async () => ["sum(rate(mentioned_total[5m]))"],
  });
  const { telemetry } = server;
  const names = ["asked", "by_expression_a", "by_label", "mentioned_total", "unused", "unused_too"];
  const time = Date.now() - 60_000;
  const samples = names.map((__name__) => {
    const job = __name__ === "by_label" ? "labelled" : "other";
    return { labels: { __name__, job }, time, value: 1 };
  });
  await telemetry.write("shop", samples);
  await telemetry.write("shop", [{ labels: { __name__: "unused", n: "2" }, time, value: 1 }]);
  await telemetry.flush();
  const engine = createPromqlEngine({ querier: telemetry.querier });
  for (const text of ["rate(asked[5m])", '{__name__=~"by_expr.*"}', '{job="labelled"}', '{__name__=~".+"}'])
    await engine.instant(text, Date.now());
  // Longer than any metric's name: it is not remembered.
  await engine.instant("n".repeat(600), Date.now());
  const ask = async () => {
    const response = await fetch(`${server.url}/api/v1/metrics/unused?days=1`, {
      headers: { authorization: "Bearer x" },
    });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as { since: number; metrics: number; unused: unknown[] };
  };
  const first = await ask();
  const unused = [
    { name: "unused", series: 2, lastAskedAt: null },
    { name: "unused_too", series: 1, lastAskedAt: null },
  ];
  assert.deepEqual(first.unused, unused);
  assert.equal(first.metrics, 6);
  assert.ok(first.since > began - 60_000);
  const rows = await server.rows<{ name: string }>("SELECT name FROM asked FINAL ORDER BY name");
  assert.deepEqual(
    rows.map(({ name }) => name),
    ["", "asked", "by_expression_a", "by_label"],
  );
  await engine.instant("unused", Date.now());
  assert.deepEqual((await ask()).unused, unused.slice(1));
});
