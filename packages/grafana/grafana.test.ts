import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { dashboardProperties } from "@havn/model";
import fc from "@havn/testkit/property";
import { readGrafana } from "./index.ts";

const folder = new URL("./testdata/", import.meta.url);

for (const name of ["hosts", "rows"])
  test(`${name}.json becomes a dashboard of Havn`, () => {
    const read = readGrafana(JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")));
    const checked = dashboardProperties.parse(read.dashboard);
    assert.deepEqual(checked, read.dashboard, "it fits the schema as it is");
    const json = `${JSON.stringify(read, undefined, 2)}\n`;
    const golden = new URL(`${name}.golden.json`, folder);
    if (process.env.UPDATE_CASES) writeFileSync(golden, json);
    assert.equal(json, readFileSync(golden, "utf8"));
  });

const refused: [string, unknown, RegExp][] = [
  ["nothing", undefined, /neither panels nor rows/],
  ["a list", [], /neither panels nor rows/],
  ["something else", { title: "x", panels: "none" }, /neither panels nor rows/],
  ["the second form", { apiVersion: "dashboard.grafana.app/v2", spec: { elements: {} } }, /second form/],
];
for (const [what, json, says] of refused)
  test(`${what} is refused with a reason`, () => assert.throws(() => readGrafana(json), says));

test("hostile text is read once, however long it is", () => {
  const long = 2_000_000;
  const html = (content: string) => ({ type: "text", options: { mode: "html", content } });
  let rows: object = { type: "row" };
  for (let depth = 0; depth < 20_000; depth++) rows = { type: "row", panels: [rows] };
  const { dashboard } = readGrafana({
    panels: [
      html("<".repeat(long)),
      html("<script ".repeat(long / 8)),
      html("<p>a<script>b</style></p></SCRIPT >c</p>d<style>e"),
      rows,
    ],
    templating: { list: [{ name: "v", type: "custom", query: `one : 1, a${" ".repeat(long)}b` }] },
  });
  assert.deepEqual(
    dashboard.panels.slice(1).map(({ text }) => text),
    ["", "ac\nd", undefined],
  );
  const [variable] = dashboard.variables ?? [];
  assert.deepEqual(variable?.kind === "custom" && variable.options[0], { text: "one", value: "1" });
});

test("whatever stands where a value is looked for, what comes of it fits the schema", () => {
  const given = JSON.parse(readFileSync(new URL("hosts.json", folder), "utf8")) as object;
  const paths = pathsOf(given);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...paths), fc.jsonValue()), { maxLength: 6 }),
      (changes) => {
        const changed = structuredClone(given);
        for (const [path, value] of changes) put(changed, path, value);
        if (!("panels" in changed) || !Array.isArray(changed.panels)) return;
        const { dashboard } = readGrafana(changed);
        const checked = dashboardProperties.safeParse(dashboard);
        assert.ok(checked.success, JSON.stringify(checked.error?.issues));
      },
    ),
    { numRuns: 1_000 },
  );
});

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function put(target: object, path: readonly string[], value: unknown): void {
  let at = target as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (typeof next !== "object" || next === null) return;
    at = next as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}
