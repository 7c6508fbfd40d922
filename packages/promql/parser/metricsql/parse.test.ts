import assert from "node:assert/strict";
import { test } from "node:test";
import { createPromqlEngine } from "../../engine.ts";
import { PromqlError } from "../../errors.ts";
import { memoryQuerier } from "../../testing/index.ts";
import { parseMetricsql } from "./parse.ts";
import { expandTemplates } from "./templates.ts";

const cases: readonly (readonly [written: string, expanded: string])[] = [
  ["up", "up"],
  ["sum(with)", "sum(with)"],
  ["WITH (x = up) x + x", "( up + up)"],
  ["with (x = up - 1) x * x", "( (up - 1) * (up - 1))"],
  [
    'WITH (c = {job="a"}, d = {c, x!="y"}) up{d} / up{c, z="1"}',
    '( up{job="a", x!="y"} / up{job="a", z="1"})',
  ],
  ['WITH (x = foo{a="b"}) x{c="d"} + x', '( foo{a="b", c="d"} + (foo{a="b"}))'],
  ["WITH (f(a, b) = a / b) f(x + 1, 2)", "( ( (x + 1) / 2))"],
  ["sum(WITH (q = rate(m[5m])) q * q) by (q)", "sum(( (rate(m[5m])) * (rate(m[5m])))) by (q)"],
  ["WITH (l = (a, b)) sum(m) by (l, c)", "( sum(m) by (a, b, c))"],
  [
    'WITH (s = "a", n = 5, w = 5m) label_replace(m[w], s, "", s, "s") * n',
    '( label_replace(m[5m], "a", "", "a", "s") * 5)',
  ],
  // A name stands only for what was written before it.
  ["WITH (x = x) x", "( x)"],
  ["WITH (a = b) WITH (b = c) a", "( ( b))"],
  ["WITH (a = 1) (WITH (a = 2) a) + a", "( (( 2)) + 1)"],
  // Names of labels, functions and texts are no templates.
  ['WITH (job = up) job{job="job"} # job', '( up{job="job"} # job)'],
];

for (const [written, expanded] of cases)
  test(`templates: ${written}`, () => assert.equal(expandTemplates(written), expanded));

const refused: readonly (readonly [written: string, why: RegExp])[] = [
  ["WITH (x = 1", /^1:6: parse error: WITH \(…\) has no end/],
  ["WITH (x(1) = 2) x", /names between parentheses/],
  ["WITH (f(x) = x) f", /1:17: parse error: "f" is a template that takes arguments/],
  ["WITH (f(x) = x) f(1, 2)", /"f" takes 1 arguments, not 2/],
  ["WITH (c = up) m{c}", /"c" is no template of label filters/],
  ["WITH (5 = up) m", /a template is written as name = expression/],
  ["WITH (x = 1 + 1) x{a='b'}", /"x" is no selector/],
  [`WITH (${bomb(8)}) a8`, /longer than 100000 characters once its templates are put in/],
  [`${"WITH (a = b) ".repeat(500)} a`, /too deep in each other/],
  // Nothing is written, and twice as much of it at every level.
  [`WITH (f0()=,${doubled(40)}) f40()`, /the query has too many templates/],
  [`WITH (${many(10_000)}) a1`, /the query has too many templates/],
  [`WITH (a = 1) "${'\\"'.repeat(40_000)}`, /parse error/],
  [`{${Array.from({ length: 3000 }, (_, n) => `b=~"(a{1,500}){2}${n}"`).join(",")}}`, /repeat too much/],
  [`WITH (a = (${" ".repeat(90_000)}!)) a`, /parse error/],
  ["rate(sum(x)[5m:1m])", /rate of a subquery is not taken/],
  ["WITH (x = sum(up) x", /has no end/],
  ["WITH (x = sum(1)) x", /expected type instant vector.*\(in \( ?\(?sum\(1\)\)?\)\)/],
];

for (const [written, why] of refused)
  test(`refused: ${written.slice(0, 60)}`, () =>
    assert.throws(
      () => parseMetricsql(written),
      (error) => error instanceof PromqlError && why.test(error.message),
    ));

function doubled(levels: number): string {
  return Array.from({ length: levels }, (_, n) => `f${n + 1}()=f${n}()f${n}()`).join(",");
}

function many(names: number): string {
  return Array.from({ length: names }, (_, n) => `a${n.toString(36)}=1`).join(",");
}

function bomb(levels: number): string {
  const level = (n: number) =>
    `a${n} = ${Array(10)
      .fill(n === 0 ? "up" : `a${n - 1}`)
      .join(" + ")}`;
  return Array.from({ length: levels + 1 }, (_, n) => level(n)).join(", ");
}

test("rate and increase use the sample before the window and stretch nothing, only where the dialect is asked for", async () => {
  const querier = memoryQuerier();
  const at = (seconds: number, value: number) => ({ timestamp: seconds * 1000, value });
  querier.add({ __name__: "c_total" }, [at(5, 10), at(15, 20), at(25, 40), at(35, 5), at(45, 11)]);
  const engine = createPromqlEngine({ querier });
  const ask = async (query: string, dialect: "promql" | "metricsql") => {
    const result = await engine.instant(query, 47_000, { dialect });
    return result.type === "vector" ? result.vector.map(({ value }) => value) : [];
  };
  // From 40 at 25 s: 5 after a reset, then 11; per second between the samples.
  assert.deepEqual(await ask("increase(c_total[20s])", "metricsql"), [11]);
  assert.deepEqual(await ask("rate(c_total[20s])", "metricsql"), [11 / 20]);
  assert.deepEqual(await ask("delta(c_total[20s])", "metricsql"), [11 - 40]);
  assert.deepEqual(await ask("WITH (r(m) = rate(m[20s])) r(c_total)", "metricsql"), [11 / 20]);
  assert.deepEqual(await ask("increase(c_total[20s])", "promql"), [6 * 2]);
  await assert.rejects(ask("WITH (x = c_total) x", "promql"), PromqlError);
});
