import assert from "node:assert/strict";
import { test } from "node:test";
import { createPromqlEngine } from "./engine.ts";
import { PromqlError, type PromqlErrorType } from "./errors.ts";
import { parsePromql } from "./parser/parse.ts";
import { restrict, selectorsOf } from "./restrict.ts";
import { memoryQuerier } from "./testing/index.ts";

const fails = (type: PromqlErrorType, message: RegExp) => (cause: unknown) => {
  assert.ok(cause instanceof PromqlError);
  assert.equal(cause.type, type);
  assert.match(cause.message, message);
  return true;
};

function filled(series: number) {
  const querier = memoryQuerier();
  for (let i = 0; i < series; i++)
    querier.add(
      { __name__: "m", i: String(i) },
      Array.from({ length: 100 }, (_, at) => ({ timestamp: at * 1000, value: at })),
    );
  return querier;
}

test("limits: samples, steps, time and the caller", async () => {
  const small = createPromqlEngine({ querier: filled(20), maxSamples: 1000 });
  await assert.rejects(small.instant("sum(rate(m[2m]))", 100_000), fails("execution", /too many samples/));
  const engine = createPromqlEngine({ querier: filled(2) });
  const steps = (count: number) => ({ startMs: 0, endMs: count - 1, stepMs: 1 });
  assert.equal((await engine.range("1", steps(11_000))).matrix[0]?.values.length, 11_000);
  await assert.rejects(engine.range("1", steps(11_001)), fails("bad_data", /11,000 points/));
  await assert.rejects(engine.range("1", { startMs: 0, endMs: 1, stepMs: 0 }), fails("bad_data", /step/));
  await assert.rejects(engine.range("1", { startMs: 2, endMs: 1, stepMs: 1 }), fails("bad_data", /end/));
  await assert.rejects(
    engine.instant("m", 0, { signal: AbortSignal.abort() }),
    fails("canceled", /was canceled/),
  );
});

test("a deadline ends a query that would run on", async () => {
  const engine = createPromqlEngine({ querier: filled(500), maxSamples: 1e12 });
  const signal = AbortSignal.timeout(20);
  const endless = engine.range(
    "max_over_time(quantile_over_time(0.5, m[100s:1s])[1000s:1s])",
    { startMs: 0, endMs: 100_000, stepMs: 10 },
    { signal },
  );
  await assert.rejects(endless, fails("timeout", /timed out/));
});

test("restricting adds the matcher to every selector, wherever it stands", () => {
  const env = { name: "env", operator: "=", value: "shop" } as const;
  const expr = parsePromql(
    'sum(rate(a[5m])) / scalar(b{env="other"}) + topk(scalar(c), max_over_time(d[5m:1m])) > -(e) or absent(f) and label_replace({__name__="g"}, "x", "y", "z", "")',
  );
  const selectors = selectorsOf(restrict(expr, env));
  assert.equal(selectors.length, 7);
  for (const { matchers } of selectors) assert.deepEqual(matchers.at(-1), env);
  // What the user asked for stays too: another environment's series are not found by asking for them.
  assert.equal(selectors[1]?.matchers.filter(({ name }) => name === "env").length, 2);
});

test("info finds nothing that the expression is not restricted to", async () => {
  const querier = memoryQuerier();
  for (const [env, version] of [
    ["shop", "1"],
    ["bank", "2"],
  ] as const) {
    const labels = { instance: "a", job: "x", env };
    querier.add({ ...labels, __name__: "up" }, [{ timestamp: 0, value: 1 }]);
    querier.add({ ...labels, __name__: "target_info", version }, [{ timestamp: 0, value: 1 }]);
  }
  const engine = createPromqlEngine({ querier });
  await assert.rejects(engine.instant("info(up)", 0), fails("execution", /duplicate series for info metric/));
  const env = { name: "env", operator: "=", value: "bank" } as const;
  for (const text of ["info(up)", 'info(up, {version=~".+"})']) {
    const result = await engine.instant(restrict(parsePromql(text), env), 0);
    assert.deepEqual(
      result.type === "vector" && result.vector.map(({ labels }) => [labels.env, labels.version]),
      [["bank", "2"]],
    );
  }
});

test("what is nested too deeply is refused, what is only long is not", async () => {
  const engine = createPromqlEngine({ querier: filled(1) });
  const terms = (count: number) => Array.from({ length: count }, () => "scalar(m)").join(" + ");
  const deep = (count: number) => `${"(".repeat(count)}1${")".repeat(count)}`;
  assert.equal((await engine.instant(terms(2000), 0)).type, "scalar");
  const sum = await engine.instant(`sum(${Array.from({ length: 2000 }, () => "m").join(" + ")})`, 99_000);
  assert.equal(sum.type === "vector" && sum.vector[0]?.value, 2000 * 99);
  await assert.rejects(
    engine.instant(terms(2100), 0),
    fails("bad_data", /more than 2000 operators in a row/),
  );
  const powers = Array.from({ length: 3000 }, () => "m").join(" ^ ");
  await assert.rejects(engine.instant(powers, 0), fails("bad_data", /nested too deeply/));
  assert.equal((await engine.instant(deep(1500), 0)).type, "scalar");
  await assert.rejects(engine.instant(deep(2500), 0), fails("bad_data", /nested too deeply/));
  await assert.rejects(engine.instant(deep(100_000), 0), fails("bad_data", /longer than/));
});

test("positions in messages count from the text as written", () => {
  const message = (text: string) => {
    try {
      parsePromql(text);
    } catch (cause) {
      return (cause as Error).message;
    }
    return undefined;
  };
  assert.equal(message(""), "1:1: parse error: no expression found in input");
  assert.equal(message("sum(\n  rate(a[5m]\n"), "3:1: parse error: unexpected end of input");
  assert.equal(message("a + # why\n  foo(b)"), '2:3: parse error: unknown function with name "foo"');
  assert.equal(message("rate(a[0s])"), "1:6: parse error: duration must be greater than 0");
  assert.equal(message('a{b="c}'), "1:8: parse error: unexpected end of input");
  assert.equal(message('a{b="\\q"}'), '1:5: parse error: bad string literal: "\\q"');
  assert.equal(message("1. + min_of(1, 2)"), undefined);
});
