import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard, environment } from "./index.ts";

const told = (expr: string) =>
  environment("x", {}, () => {
    dashboard("front", { panels: [{ kind: "stat", title: "Up", queries: [{ expr }] }] });
  }).diagnostics.map(({ severity, summary, detail }) => `${severity}: ${summary}. ${detail}`);

for (const expr of [
  "up",
  'rate(x{host=~"$host"}[$__rate_interval])',
  "topk($most, x) by ($label)",
  "avg_over_time($metric{a=`${a:regex}`}[${span}:$__interval]) > [[least]]",
  'label_replace(x, "a", "$1", "b", "(.*)") > $least',
])
  test(`nothing is said of ${expr}`, () => assert.deepEqual(told(expr), []));

test("a query that cannot be read, whatever its variables are, is told with its panel", () => {
  const [first, ...rest] = told('sum(rate(x{host="$host"}[$__rate_interval])');
  assert.deepEqual(rest, []);
  assert.match(
    first ?? "",
    /^warning: A query of panel "Up" on dashboard "front" cannot be read\. .*Correct the query\.$/,
  );
});
