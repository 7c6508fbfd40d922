import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DashboardPanel, DashboardVariable } from "@havn/model";
import type { Answer } from "../metrics/answer.ts";
import type { Ask } from "../metrics/ask.ts";
import { beyond, rearranged, sectionsOf } from "./layout.ts";
import { linkOf } from "./links.ts";
import { lookOf, mappedTo, reducedTo, toneOf } from "./looks.ts";
import { isSafe, parseMarkdown } from "./markdown.ts";
import { lookaheadsOf, patternOf } from "./patterns.ts";
import { createAsker } from "./queue.ts";
import { parseBoardState, writeBoardState } from "./state.ts";
import { all, type Chosen, fillIn, rangeVariables, variablesIn } from "./template.ts";
import { choose, eachValue, optionsFrom, parseVariableQuery } from "./variables.ts";

describe("templates", () => {
  const variables = new Map<string, Chosen>([
    ["host", { values: ["web.1"], options: ["web.1", "db|2"], several: true }],
    ["both", { values: ["web.1", "db|2"], several: true }],
    ["every", { values: [all], options: ["a", "b"], several: true }],
    ["any", { values: [all], options: ["a", "b"], allValue: ".*", several: true }],
    ["one", { values: ['say "hi"\\'] }],
    ["named", { values: ["9"], texts: new Map([["9", "high"]]) }],
    ...rangeVariables({ start: 0, end: 3600, step: 30 }, (seconds) => `${seconds}s`),
  ]);
  const cases: [string, string][] = [
    ['up{host=~"$host"}', 'up{host=~"web\\\\.1"}'],
    ["up{host=~`$host`}", "up{host=~`web\\.1`}"],
    ['up{host=~"[[both]]"}', 'up{host=~"(web\\\\.1|db\\\\|2)"}'],
    ['up{a=~"$every",b=~"${any}"}', 'up{a=~"(a|b)",b=~".*"}'],
    ['up{a="$one"}', 'up{a="say \\"hi\\"\\\\"}'],
    ["rate(x[$__rate_interval]) offset $__range", "rate(x[60s]) offset 3600s"],
    ["x[${__interval}] @ $__from", "x[30s] @ 0"],
    [
      'label_replace(x, "a", "$1", "b", "(.*)") + $unknown',
      'label_replace(x, "a", "$1", "b", "(.*)") + $unknown',
    ],
    ["${both:csv} ${both:pipe} ${every:json} ${host:raw}", 'web.1,db|2 web.1|db|2 ["a","b"] web.1'],
  ];
  for (const [text, expected] of cases) test(text, () => assert.equal(fillIn(text, variables), expected));
  test("titles read as people do", () => {
    assert.equal(fillIn("$both, $every, $named", variables, "text"), "web.1 + db|2, All, high");
    assert.deepEqual(variablesIn("$a ${b:csv} [[c]] $1"), ["a", "b", "c", "1"]);
  });
});

describe("variables", () => {
  const queries: [string, ReturnType<typeof parseVariableQuery>][] = [
    ["label_values(job)", { kind: "label values", label: "job", match: undefined }],
    [
      'label_values(up{a="x, y", b=~"(1|2)"}, instance)',
      { kind: "label values", label: "instance", match: 'up{a="x, y", b=~"(1|2)"}' },
    ],
    ["label_names()", { kind: "label names", match: undefined }],
    ["metrics(node_.*)", { kind: "metrics", pattern: "node_.*" }],
    ["query_result(topk(3, up))", { kind: "result", expr: "topk(3, up)" }],
    ['up{job="x"}', { kind: "series", match: 'up{job="x"}' }],
  ];
  for (const [query, expected] of queries)
    test(query, () => assert.deepEqual(parseVariableQuery(query), expected));

  const query = (more: object): Extract<DashboardVariable, { kind: "query" }> => ({
    ...{ kind: "query", name: "x", query: "label_values(x)" },
    ...more,
  });
  const values = (found: string[], more: object) => optionsFrom(found, query(more)).map(({ value }) => value);
  test("options are matched, each once, sorted as people count", () => {
    assert.deepEqual(values(["b10", "b9", "a", "b9"], {}), ["a", "b9", "b10"]);
    assert.deepEqual(values(["b", "a"], { sort: "none" }), ["b", "a"]);
    assert.deepEqual(values(["x 10", "y 9"], { sort: "number" }), ["y 9", "x 10"]);
    const found = ['up{device="sda"} 1', 'up{device="sdb"} 1', "up 2"];
    assert.deepEqual(values(found, { regex: '/device="([^"]+)"/' }), ["sda", "sdb"]);
    const named = optionsFrom(["web-1:80"], query({ regex: "(?<text>[^:]+):(?<value>\\d+)" }));
    assert.deepEqual(named, [{ value: "80", text: "web-1" }]);
    assert.deepEqual(values(["a"], { regex: "(" }), [], "what is no expression matches nothing");
  });
  test("what is chosen: the address, else as usual, else the first", () => {
    const options = ["a", "b"].map((value) => ({ value, text: value }));
    const chosen = (variable: DashboardVariable, address: string[] = []) =>
      choose(variable, { address, options, autoInterval: "30s" }).values;
    assert.deepEqual(chosen(query({})), ["a"]);
    assert.deepEqual(chosen(query({ default: "b" })), ["b"]);
    assert.deepEqual(chosen(query({ default: "gone" })), ["a"]);
    assert.deepEqual(chosen(query({ all: true })), [all]);
    assert.deepEqual(chosen(query({ multi: true }), ["a", "b"]), ["a", "b"]);
    assert.deepEqual(chosen(query({ multi: true, all: true }), ["a", all]), [all]);
    assert.deepEqual(chosen({ kind: "interval", name: "i", options: ["auto", "1m"] }), ["30s"]);
    assert.deepEqual(chosen({ kind: "constant", name: "c", value: "x" }, ["y"]), ["x"]);
    assert.deepEqual(chosen({ kind: "text", name: "t", default: "x" }, ["y"]), ["y"]);
  });
  test("a pattern in slashes, one that ignores case, and none", () => {
    assert.ok(patternOf("/^AB/i").test("abc"));
    assert.ok(patternOf("(?i)b$").test("AB"));
    assert.ok(!patternOf("[").test("["));
  });
  test("what begins by saying what does not follow", () => {
    const without = patternOf("/^(?!tmp|shm\\))(?=.*d)s(d.)$/");
    assert.deepEqual(["sda", "tmpsda", "sxa", "sd"].map(without.test), [true, false, false, false]);
    assert.equal(without.find("sdb")?.group(1), "db");
    assert.deepEqual(lookaheadsOf("^(?!a[)(]\\)|(b))c"), {
      ahead: [{ inside: "a[)(]\\)|(b)", wanted: false }],
      rest: "^c",
    });
    assert.ok(!patternOf("a(?!b)").test("ac"), "further in, it is no expression");
  });
  test("an expression that would go on for years ends at once", () => {
    assert.ok(!patternOf("^(a+)+$").test(`${"a".repeat(20_000)}b`));
    assert.ok(!patternOf("(x{1,1000}){1,1000}").test("x"), "nor is one made that large");
  });
  test("one at a time", () => {
    const variables = new Map<string, Chosen>([["h", { values: [all], options: ["a", "b"], several: true }]]);
    assert.deepEqual(
      eachValue(variables, "h").map((one) => fillIn("$h", one)),
      ["a", "b"],
    );
    assert.equal(eachValue(variables, "none").length, 1);
  });
});

describe("layout", () => {
  const panel = (more: Partial<DashboardPanel>): DashboardPanel => ({
    kind: "timeseries",
    title: "",
    ...more,
  });
  const shown = (panels: DashboardPanel[], variables = new Map<string, Chosen>()) =>
    sectionsOf(panels, variables).map(({ items }) =>
      items.map(({ index, x, y, width, height }) => `${index}: ${x},${y} ${width}×${height}`),
    );
  test("panels without a place follow each other", () =>
    assert.deepEqual(shown([panel({}), panel({}), panel({ width: 24 }), panel({ kind: "stat" })]), [
      ["0: 0,0 12×8", "1: 12,0 12×8", "2: 0,8 24×8", "3: 0,16 6×4"],
    ]));
  test("rows begin anew; places are as written, without gaps above", () =>
    assert.deepEqual(
      shown([
        panel({ x: 12, y: 40, width: 12, height: 3 }),
        { kind: "row", title: "a" },
        panel({ x: 6, y: 100, width: 6 }),
        panel({ x: 6, y: 110, width: 6 }),
      ]),
      [["0: 12,0 12×3"], ["2: 6,0 6×8", "3: 6,8 6×8"]],
    ));
  const hosts = new Map<string, Chosen>([["h", { values: ["a", "b", "c"], several: true }]]);
  test("a panel repeats beside itself, or below", () => {
    assert.deepEqual(shown([panel({ repeat: "h", width: 12 }), panel({ y: 8, width: 24 })], hosts), [
      ["0: 0,0 12×8", "0: 12,0 12×8", "0: 0,8 12×8", "1: 0,16 24×8"],
    ]);
    assert.deepEqual(shown([panel({ repeat: "h", repeatDown: true, x: 6, height: 2 })], hosts), [
      ["0: 6,0 12×2", "0: 6,2 12×2", "0: 6,4 12×2"],
    ]);
  });
  test("a row repeats with its panels", () => {
    const sections = sectionsOf(
      [{ kind: "row", title: "$h", repeat: "h" }, panel({ title: "on $h" })],
      hosts,
    );
    const titles = sections.map(({ row, variables, items }) => [
      fillIn(row?.panel.title ?? "", variables, "text"),
      ...items.map((item) => fillIn(item.panel.title, item.variables, "text")),
    ]);
    assert.deepEqual(titles, [
      ["a", "on a"],
      ["b", "on b"],
      ["c", "on c"],
    ]);
  });
  test("what is moved makes others go aside, and nothing overlaps", () => {
    const panels = [panel({ width: 12 }), panel({ width: 12 }), panel({ width: 24, height: 4 })];
    const places = (list: DashboardPanel[]) =>
      list.map(({ x, y, width, height }) => `${x},${y} ${width}×${height}`);
    const move = (list: DashboardPanel[], change: Parameters<typeof rearranged>[2]) => {
      const [section] = sectionsOf(list, new Map());
      assert.ok(section);
      return rearranged(list, section, change);
    };
    assert.deepEqual(places(move(panels, { index: 2, y: 0 })), ["0,4 12×8", "12,4 12×8", "0,0 24×4"]);
    assert.deepEqual(places(move(panels, { index: 1, x: 0 })), ["0,8 12×8", "0,0 12×8", "0,16 24×4"]);
    assert.deepEqual(places(move(panels, { index: 0, width: 99 })), ["0,0 24×8", "12,8 12×8", "0,16 24×4"]);
    const [section] = sectionsOf(panels, new Map());
    const own = section?.items.find(({ index }) => index === 0);
    assert.ok(section && own);
    const below = beyond(section, own, 1);
    assert.deepEqual(places(move(panels, { index: 0, ...below })), ["0,12 12×8", "12,0 12×8", "0,8 24×4"]);
  });
});

describe("looks", () => {
  test("overrides by name, expression and query; later ones win", () => {
    const overrides = [
      { match: { pattern: "" }, color: 1 },
      { match: { pattern: "(?i)sent" }, negative: true },
      { match: { name: "a Sent" }, color: 2 },
      { match: { query: 1 }, unit: "bytes" },
    ];
    assert.deepEqual(lookOf(overrides, { name: "a Sent", query: 0 }), { color: 2, negative: true });
    assert.deepEqual(lookOf(overrides, { name: "b", query: 1 }), { color: 1, unit: "bytes" });
  });
  test("thresholds and mappings", () => {
    const thresholds = [
      { from: 80, tone: "bad" as const },
      { from: null, tone: "good" as const },
      { from: 50, tone: "warn" as const },
    ];
    assert.deepEqual(
      [10, 50, 79, 80].map((value) => toneOf(thresholds, value)),
      ["good", "warn", "warn", "bad"],
    );
    const mappings = [
      { value: "null", text: "none" },
      { value: "1", text: "up", tone: "good" as const },
      { from: 2, to: 5, text: "some" },
      { pattern: "^9", text: "nine" },
    ];
    assert.deepEqual(
      [undefined, 1, 3, 99, 7].map((value) => mappedTo(mappings, value).text),
      ["none", "up", "some", "nine", undefined],
    );
  });
  test("one number for a series", () => {
    const values = [null, 2, 8, 4, null];
    const all = ["last", "first", "mean", "sum", "min", "max", "count", "range", "delta"] as const;
    assert.deepEqual(
      all.map((how) => reducedTo(values, how)),
      [4, 2, 14 / 3, 14, 2, 8, 3, 6, 2],
    );
    assert.deepEqual([reducedTo([null]), reducedTo([], "count")], [undefined, 0]);
  });
});

describe("text panels", () => {
  test("headings, lists, emphasis, code and links", () =>
    assert.deepEqual(
      parseMarkdown("# A *b*\nx **y**\nz `c`\n\n- one\n- [two](https://example.org)\n\n```\n<b>\n```\n---"),
      [
        {
          kind: "heading",
          level: 1,
          text: [
            { kind: "text", text: "A " },
            { kind: "emphasis", text: "b" },
          ],
        },
        {
          kind: "paragraph",
          text: [
            { kind: "text", text: "x " },
            { kind: "strong", text: "y" },
            { kind: "text", text: "\nz " },
            { kind: "code", text: "c" },
          ],
        },
        {
          kind: "list",
          ordered: false,
          items: [
            [{ kind: "text", text: "one" }],
            [{ kind: "link", text: "two", href: "https://example.org" }],
          ],
        },
        { kind: "code", text: "<b>" },
        { kind: "rule" },
      ],
    ));
  test("a link leads out of the page only where it says so", () => {
    const to = (href: string) => {
      const link = linkOf(href, "https://havn.example");
      return link.kind === "refused" ? "refused" : `${link.kind} ${link.href}`;
    };
    assert.deepEqual(
      ["/a?b=c#d", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://x.example/a"].map(to),
      ["inside /a?b=c#d", "refused", "refused", "refused", "outside https://x.example/a"],
    );
    assert.deepEqual(
      ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "", "x"].map(
        to,
      ),
      ["refused", "refused", "refused", "outside mailto:a@b.example", "refused", "refused"],
    );
  });
  test("no link runs a script", () => {
    assert.deepEqual(
      ["https://x", "/a", "mailto:a@b", "javascript:alert(1)", "//x", "data:text/html,x"].map(isSafe),
      [true, true, true, false, false, false],
    );
    assert.deepEqual(parseMarkdown("[x](javascript:alert(1))")[0], {
      kind: "paragraph",
      text: [
        { kind: "text", text: "x" },
        { kind: "text", text: ")" },
      ],
    });
  });
});

test("what is seen stands in the address, and comes out of it again", () => {
  const usual = { range: "6h", refresh: "30s" };
  const search = (text: string) => new URLSearchParams(text);
  for (const address of [
    "",
    "var-host=a&var-host=b&var-job=x",
    "range=1h&refresh=0",
    "from=2026-01-01T00%3A00%3A00.000Z&to=2026-01-01T01%3A00%3A00.000Z",
    "panel=3&declared=1",
  ])
    assert.equal(writeBoardState(parseBoardState(search(address), usual), usual).toString(), address);
  assert.deepEqual(
    parseBoardState(search("range=soon&panel=x&to=1"), usual),
    parseBoardState(search(""), usual),
  );
});

describe("asking", () => {
  const answer: Answer = { type: "vector", series: [], warnings: [], infos: [], tiers: [], tookMs: 1 };
  function server() {
    const under = new Map<string, { resolve(): void; signal: AbortSignal }>();
    let most = 0;
    const ask = ({ expr }: Ask, signal: AbortSignal) =>
      new Promise<Answer>((resolve, reject) => {
        under.set(expr, { signal, resolve: () => resolve(answer) });
        most = Math.max(most, under.size);
        signal.addEventListener("abort", () => {
          under.delete(expr);
          reject(signal.reason);
        });
      });
    const end = async (expr: string) => {
      under.get(expr)?.resolve();
      under.delete(expr);
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { ask, end, running: () => [...under.keys()], most: () => most };
  }
  test("so many at a time, in their order, the same once", async () => {
    const { ask, end, running, most } = server();
    const asker = createAsker(ask, 2);
    const { signal } = new AbortController();
    const asked = ["a", "b", "c", "a", "d"].map((expr) => asker.ask({ expr, at: 1 }, signal));
    assert.deepEqual(running(), ["a", "b"]);
    await end("a");
    await Promise.all([asked[0], asked[3]]);
    assert.deepEqual(running(), ["b", "c"]);
    for (const expr of ["b", "c", "d"]) await end(expr);
    await Promise.all(asked);
    assert.equal(most(), 2);
  });
  test("what nobody waits for is not asked, or stopped; who waits still gets it", async () => {
    const { ask, end, running } = server();
    const asker = createAsker(ask, 1);
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const gone = ["a", "b", "c"].map((expr) => asker.ask({ expr, at: 1 }, leaving.signal));
    const kept = asker.ask({ expr: "c", at: 1 }, staying.signal);
    assert.deepEqual(running(), ["a"]);
    leaving.abort();
    const results = await Promise.allSettled(gone);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(running(), ["c"]);
    await end("c");
    assert.equal(await kept, answer);
    await assert.rejects(asker.ask({ expr: "z", at: 1 }, leaving.signal));
    assert.deepEqual(running(), []);
  });
});
