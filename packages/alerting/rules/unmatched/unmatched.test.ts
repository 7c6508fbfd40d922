import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "@havn/postgres/testing";
import { parsePromql } from "@havn/promql";
import { context, openRoom, resource, steps } from "../../testing.ts";
import { needsOf, selectorText } from "./needs.ts";

const noChange = { address: "", type: "", action: "create" as const, changes: [] };

for (const [expr, needs] of [
  ["up == 0", "up"],
  ['rate(a{x="1"}[5m]) / on (job) sum by (job) (b)', 'a{x="1"}, b'],
  ["absent(up) or absent_over_time(b[5m])", ""],
  ["absent(up)", ""],
  ["a unless b", "a"],
  ["a or b", "a nor b"],
  ["a or vector(0)", ""],
  ["vector(1)", ""],
  ["max_over_time((a > 2)[1h:1m])", "a"],
  ['{job=~"x.*"}', '{job=~"x.*"}'],
] as const)
  test(`what ${expr} needs: ${needs}`, () => {
    const told = needsOf(parsePromql(expr)).map((need) => need.map(selectorText).join(" nor "));
    assert.equal(told.join(", "), needs);
  });

test("a rule that matches nothing is told, by its name and selector, once it has had its time", async () => {
  await using db = await testDatabase();
  const asked: string[] = [];
  const room = await openRoom(db.sql);
  const alerting = await room.open({
    async hasSeries(matchers, range, signal) {
      asked.push(selectorText(matchers));
      return (await room.metrics.labelValues("__name__", [matchers], range, signal)).length > 0;
    },
  });
  const signal = new AbortController().signal;
  const put = (name: string, expr: string) =>
    alerting.executor.apply(steps, noChange, resource(`shop/alert/${name}`, { expr, summary: "s" }), context);
  await put("good", "up == 0");
  await put("typo", "upp == 0");
  await put("label", 'up{job="wbe"} == 0');
  const rules = [
    { record: "a:b", expr: "sum(nothing)" },
    { alert: "Also", expr: "up == 0" },
  ];
  const group = resource("shop/rules/web", { group: "web", file: "rules/web.yml", rules });
  await alerting.rulesExecutor.apply(steps, noChange, group, context);
  room.metrics.add({ __name__: "up", env: "shop", job: "web" }, [{ timestamp: room.clock.now(), value: 1 }]);
  await alerting.lookForUnmatched(signal);
  assert.deepEqual(asked, [], "not at once");
  await room.clock.advance(11 * 60_000);
  await alerting.evaluate();
  await alerting.lookForUnmatched(signal);
  const told = alerting
    .ruleSamples()
    .filter(({ name }) => name === "havn_rule_unmatched_selectors")
    .map(({ labels, value }) => `${labels.rule_group} ${labels.rule} ${value}`);
  assert.deepEqual(told, [
    "rules/web.yml;web a:b 1",
    "havn.config.ts;shop label 1",
    "havn.config.ts;shop typo 1",
  ]);
  const before = asked.length;
  await alerting.lookForUnmatched(signal);
  assert.equal(asked.length, before, "not again and again");
  const evaluated = alerting
    .ruleSamples()
    .filter(({ name }) => name === "prometheus_rule_evaluations_total")
    .map(({ labels, value }) => `${labels.rule_group} ${value}`);
  assert.deepEqual(evaluated, ["rules/web.yml;web 2", "havn.config.ts;shop 3"]);
  const shown = alerting.routes.find(({ path }) => path === "/api/v1/rules");
  assert.ok(shown);
});
