import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePromql } from "@havn/promql";
import { chartOf } from "./chart.ts";

const cases: [expr: string, query: string, threshold?: string][] = [
  ["up == 0", 'up{env="shop"}', "== 0"],
  ["rate(x[5m]) > 5", 'rate(x{env="shop"}[5m])', "> 5"],
  ["0.1 < sum by (host) (x{a='b'})", "sum by (host) (x{env=\"shop\",a='b'})", "> 0.1"],
  ['({__name__="x"}) <= -3', '({__name__="x"})', "<= -3"],
  ["a > 1 and on (host) b == 2", 'a{env="shop"}', "> 1"],
  ["a{} / b > 2", 'a{env="shop"} / b{env="shop"}', "> 2"],
  ["absent(up)", 'absent(up{env="shop"})'],
  ["a > b", 'a{env="shop"} > b{env="shop"}'],
  ["a > bool 1", 'a{env="shop"} > bool 1'],
  ["x offset 5m != 1", 'x{env="shop"} offset 5m', "!= 1"],
];

for (const [expr, query, threshold] of cases)
  test(`the chart of ${expr}`, () => {
    const chart = chartOf(expr, "shop");
    const wanted = query.replace("{__name__", '{env="shop",__name__');
    assert.equal(chart?.query, wanted);
    assert.equal(chart?.threshold && `${chart.threshold.operator} ${chart.threshold.value}`, threshold);
    parsePromql(wanted);
  });

test("what is no PromQL has no chart", () => assert.equal(chartOf("a >", "shop"), undefined));
