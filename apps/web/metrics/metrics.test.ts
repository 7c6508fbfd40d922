import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFormats } from "../kit/format.ts";
import { type Answer, frameOf, latest, parseValue, placeOf, tiersOf } from "./answer.ts";
import { heatmapOf, rowAt } from "./buckets.ts";
import { csvOf, csvRows } from "./csv.ts";
import { exploreAddress, parseState, writeState } from "./explore-state.ts";
import { toggled } from "./hidden.ts";
import { distinctNames, legendOf, seriesName } from "./names.ts";
import { reduced } from "./reduce.ts";
import { stacked } from "./stack.ts";
import { timeTexts } from "./time-axis.ts";
import { guessUnit, unitOf } from "./units.ts";
import { momentsOf, parseSeconds, stepFor, windowOf, writeSeconds } from "./window.ts";

const answer = (series: Answer["series"]): Answer => ({
  ...{ type: "matrix", series, warnings: [], infos: [], tiers: [], tookMs: 1 },
});
/** Blanks that do not break are blanks here. */
const plain = (text: string) => text.replace(/\s/g, " ");

describe("answers", () => {
  const window = { start: 100, end: 130, step: 10 };
  test("series of several queries come onto one grid; what is not finite is a gap", () => {
    const answers = [
      answer([
        {
          metric: { a: "1" },
          values: [
            [100, "1"],
            [110, "NaN"],
            [130, "+Inf"],
          ],
        },
      ]),
      undefined,
      answer([
        {
          metric: {},
          values: [
            [119.6, "2.5"],
            [500, "9"],
          ],
        },
      ]),
    ];
    assert.deepEqual(frameOf(answers, window), {
      times: [100, 110, 120, 130],
      series: [
        { query: 0, metric: { a: "1" }, values: [1, null, null, null] },
        { query: 2, metric: {}, values: [null, null, 2.5, null] },
      ],
    });
  });
  test("what several stand on: samples first, exact where all are", () => {
    const of = (...tiers: Answer["tiers"]) => ({ ...answer([]), tiers });
    assert.deepEqual(tiersOf([]), []);
    assert.deepEqual(
      tiersOf([
        of({ resolution: "5m", exact: true }),
        undefined,
        of({ resolution: "5m", exact: false }, { resolution: "raw", exact: true }),
      ]),
      [
        { resolution: "raw", exact: true },
        { resolution: "5m", exact: false },
      ],
    );
  });
  test("the newest of each, whatever kind of answer it is", () => {
    const histogram = { count: "7", sum: "3" };
    const found = latest(
      answer([
        { metric: {}, value: [5, "1"] },
        {
          metric: {},
          values: [
            [1, "1"],
            [2, "8"],
          ],
        },
        { metric: {}, histograms: [[3, histogram]] },
      ]),
    );
    assert.deepEqual(
      found.map(({ at, value }) => [at, value]),
      [
        [5, "1"],
        [2, "8"],
        [3, "7"],
      ],
    );
  });
  test("numbers as Prometheus writes them", () =>
    assert.deepEqual(["1e3", "+Inf", "-Inf", "NaN"].map(parseValue), [
      1000,
      Infinity,
      -Infinity,
      Number.NaN,
    ]));
  test("a message points at its place", () => {
    assert.deepEqual(placeOf("1:5: parse error", "sum(rate)"), { from: 4, to: 8 });
    assert.deepEqual(placeOf("parse error at (2:3)", "a\nb + c"), { from: 4, to: 5 });
    assert.equal(placeOf("9:1: too far", "a"), undefined);
    assert.equal(placeOf("no place", "a"), undefined);
  });
});

describe("windows", () => {
  test("moments lie on multiples of a round step", () => {
    const window = windowOf({ kind: "last", seconds: 3600 }, { now: 10_007, points: 240 });
    assert.deepEqual(window, { start: 6420, end: 10_005, step: 15 }, "an hour in at most 240 steps");
    assert.deepEqual(momentsOf({ start: 0, end: 30, step: 10 }), [0, 10, 20, 30]);
  });
  test("a step that is too small for the server gives way", () => {
    const { start, end, step } = windowOf(
      { kind: "fixed", start: 0, end: 86_400 * 365 },
      { now: 0, points: 10, step: 1 },
    );
    assert.ok((end - start) / step <= 11_000);
  });
  test("round steps", () =>
    assert.deepEqual(
      [10, 3600, 86_400 * 400].map((s) => stepFor(s, 100)),
      [1, 60, 345_600],
    ));
  const durations: [string, number | undefined][] = [
    ["90", 90],
    ["1h30m", 5400],
    ["250ms", 0.25],
    ["", undefined],
    ["1 hour", undefined],
  ];
  for (const [text, seconds] of durations)
    test(`"${text}" in seconds`, () => assert.equal(parseSeconds(text), seconds));
  test("written as PromQL has it", () =>
    assert.deepEqual([5400, 86_461, 0.25].map(writeSeconds), ["1h30m", "1d1m1s", "250ms"]));
});

describe("names", () => {
  test("a legend is filled in", () =>
    assert.equal(legendOf("{{a}} on {{ b }}{{c}}", { a: "x", b: "y" }), "x on y"));
  test("as PromQL writes them", () => {
    assert.equal(seriesName({ __name__: "up", job: 'a"b' }), 'up{job="a\\"b"}');
    assert.equal(seriesName({}), "{}");
  });
  test("what tells series apart: one label where it does, else all that differ", () => {
    const on = (host: string, instance: string, more = {}) => ({ job: "node", host, instance, ...more });
    assert.deepEqual(distinctNames([on("a", "a:1"), on("b", "b:1")]), ["a", "b"]);
    assert.deepEqual(distinctNames([on("a", "a:1"), on("a", "a:2")]), ["a:1", "a:2"]);
    assert.deepEqual(
      distinctNames([
        { x: "1", y: "1" },
        { x: "1", y: "2" },
        { x: "2", y: "2" },
      ]),
      ['{x="1", y="1"}', '{x="1", y="2"}', '{x="2", y="2"}'],
    );
    assert.deepEqual(distinctNames([{ x: "1" }]), ['{x="1"}']);
  });
});

describe("units", () => {
  const formats = createFormats("en");
  const shown: [string | undefined, number, string][] = [
    ["bytes", 1536, "1.5 KiB"],
    ["decbytes", 1500, "1.5 kB"],
    ["mebibytes", 2048, "2 GiB"],
    ["megabits/s", 1500, "1.5 Gb/s"],
    ["bits/s", 2048, "2 Kib/s"],
    ["percent", 12.34, "12.3%"],
    ["ratio", 0.5, "50%"],
    ["seconds", 0.0021, "2.1 ms"],
    ["milliseconds", 90_000, "90 s"],
    ["duration", 200_000, "2.31 d"],
    ["short", 12_345, "12.3 k"],
    ["requests/s", 1500, "1.5 k req/s"],
    ["volts", 0.002, "2 mV"],
    ["hex", 255, "0xFF"],
    ["bool", 0, "false"],
    ["eels", 3, "3 eels"],
    ["bytes", Number.NaN, "NaN"],
    [undefined, Number.POSITIVE_INFINITY, "∞"],
  ];
  for (const [unit, value, text] of shown)
    test(`${value} as ${unit}`, () => assert.equal(plain(unitOf(unit, formats).show(value)), text));
  test("as many decimals as told", () =>
    assert.equal(plain(unitOf("seconds", formats).show(1.23456, 3)), "1.235 s"));

  const guessed: [string, string | undefined][] = [
    ["node_memory_MemFree_bytes", "bytes"],
    ["rate(node_network_receive_bytes_total[5m])", "bytes/s"],
    ["sum by (x_bytes) (rate(http_requests_total[5m]))", "per second"],
    ["rate(node_cpu_seconds_total[5m])", "ratio"],
    ["a_bytes / b_bytes", "ratio"],
    ["rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m])", "seconds"],
    ["histogram_quantile(0.9, rate(x_seconds_bucket[5m]))", "seconds"],
    ["count(up_bytes)", "short"],
    ['x{le="a_bytes"}', undefined],
  ];
  for (const [expr, unit] of guessed) test(expr, () => assert.equal(guessUnit(expr), unit));
});

describe("shapes", () => {
  test("stacks: gaps stay, what is below zero goes down, shares add up", () => {
    const rows = [
      [1, null, -1],
      [2, null, 3],
      [3, 4, -2],
    ];
    assert.deepEqual(stacked(rows, "normal"), [
      [1, null, -1],
      [3, null, 3],
      [6, 4, -3],
    ]);
    assert.deepEqual(stacked([[1], [3]], "percent"), [[0.25], [1]]);
  });
  test("what a row of the legend tells", () =>
    assert.deepEqual(
      (["min", "mean", "max", "last"] as const).map((how) => reduced([null, 1, 5, 3, null], how)),
      [1, 3, 5, 3],
    ));
  test("a click leaves one alone, another brings all back", () => {
    const names = ["a", "b", "c"];
    const alone = toggled(new Set(), names, { name: "a", alone: true });
    assert.deepEqual([...alone], ["b", "c"]);
    assert.deepEqual([...toggled(alone, names, { name: "a", alone: true })], []);
    assert.deepEqual([...toggled(alone, names, { name: "b", alone: false })], ["c"]);
  });
  test("buckets of both kinds become cells", () => {
    const classic = ["0.1", "1", "+Inf"].map((le, at) => ({
      metric: { le },
      values: [[0, String([2, 5, 6][at])]] as [number, string][],
    }));
    const map = heatmapOf(classic, [0, 10], 10);
    assert.deepEqual(map?.edges, [0, 0.1, 1, Infinity]);
    assert.deepEqual([...(map?.counts[0] ?? [])], [2, 3, 1]);
    assert.equal(map?.most, 3);
    const native = heatmapOf(
      [{ metric: {}, histograms: [[10, { count: "3", sum: "1", buckets: [[0, "1", "2", "3"]] }]] }],
      [0, 10],
      10,
    );
    assert.deepEqual([...(native?.counts[1] ?? [])], [3]);
    assert.equal(heatmapOf([{ metric: {}, values: [[0, "1"]] }], [0], 10), undefined);
    assert.deepEqual(
      [0.05, 0.1, 5].map((value) => rowAt([0, 0.1, 1, Infinity], value)),
      [0.5, 1, 2.5],
    );
  });
  test("CSV quotes what it must, and runs nothing", () => {
    assert.equal(csvRows([["a,b", 'c"d', "=1+1", "-5"]]), '"a,b","c""d",\'=1+1,-5\r\n');
    const frame = { times: [0], series: [{ query: 0, metric: {}, values: [null] }] };
    assert.equal(csvOf(frame, ["x"]), "time,x\r\n1970-01-01T00:00:00.000Z,\r\n");
  });
  test("times under an axis are no finer than its lines", () => {
    const texts = timeTexts("en");
    const noon = new Date(2026, 4, 17, 12, 0, 30).getTime() / 1000;
    assert.deepEqual(
      [texts([noon], 10), texts([noon], 3600), texts([noon], 86_400)],
      [["12:00:30"], ["12:00"], ["17 May"]],
    );
  });
});

test("the explorer's address says all, and what cannot be read is as usual", () => {
  const search = new URLSearchParams(
    "q=up&legend=x&q=down&legend=&hide=1&range=6h&step=30s&view=heatmap&unit=bytes&refresh=10s&exemplars=1&marks=alert&log=1&env=shop",
  );
  assert.equal(writeState(parseState(search)).toString(), search.toString());
  assert.deepEqual(
    parseState(new URLSearchParams("view=pie&step=soon&from=x")),
    parseState(new URLSearchParams()),
  );
  assert.equal(exploreAddress({ exprs: [{ expr: "up" }] }), "/explore?q=up");
});
