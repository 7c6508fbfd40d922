import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HavnError, resourceGraphSchema, withSourceDigests } from "@havn/model";
import { environment, evaluateGraph, host, machine, secret, service, text } from "./index.ts";

const cases = new URL("cases/", import.meta.url);
const folder = relative(process.cwd(), fileURLToPath(cases));

/** The graph as JSON, then the diagnostics as lines; files told relative to the cases. */
async function golden(name: string, outcome: unknown): Promise<void> {
  const path = new URL(`${name}.json`, cases);
  const text = `${JSON.stringify(outcome, null, 2)}\n`.replaceAll(`${folder}/`, "");
  if (process.env.UPDATE_CASES) await writeFile(path, text);
  assert.deepEqual(JSON.parse(text), JSON.parse(await readFile(path, "utf8")));
}

const evaluate = async (name: string) => {
  const module = (await import(new URL(`${name}.config.ts`, cases).href)) as { default: unknown };
  return evaluateGraph(module.default);
};

for (const name of ["shop", "files", "host-resources", "system-resources"])
  test(`${name}: the graph of a sound configuration`, async () => {
    const { graph, diagnostics } = await evaluate(name);
    assert.deepEqual(diagnostics, []);
    resourceGraphSchema.parse(graph);
    await golden(name, graph);
  });

test("mistakes: all are told at once, each with its line", async () => {
  const { diagnostics } = await evaluate("mistakes");
  for (const diagnostic of diagnostics) assert.ok(diagnostic.at, diagnostic.summary);
  await golden(
    "mistakes",
    diagnostics.map(({ at, summary, detail }) => `${at?.file}:${at?.line}: ${summary}. ${detail}`),
  );
});

test("a constructor outside of an environment says so", () => {
  assert.throws(
    () => machine("web-1"),
    (error: HavnError) => /outside of an environment/.test(error.message),
  );
});

test("a configuration that throws leaves no environment open", () => {
  assert.throws(
    () =>
      environment("a", {}, () => {
        throw new Error("mine");
      }),
    /mine/,
  );
  assert.equal(environment("b", {}, () => {}).name, "b");
});

test("an async describe is refused, with its line", async () => {
  const { diagnostics } = await evaluate("async");
  assert.match(diagnostics[0]?.summary ?? "", /async/);
  assert.equal(diagnostics[0]?.at?.line, 3);
});

test("something else as default export is refused", () => {
  assert.throws(() => evaluateGraph({}), HavnError);
  assert.throws(() => evaluateGraph(undefined), HavnError);
});

test("texts open texts inside them and merge neighbours", () => {
  const inner = text`a${secret("s")}b`;
  assert.deepEqual(text`<${inner}${1}>`, { $text: ["<a", { $secret: "s" }, "b1>"] });
});

test("digests reach their services only", () => {
  const { graph } = environment("a", {}, () => {
    const hosts = host("h", { machine: machine("h") });
    service("one", { source: "./one", command: ["x"], hosts, port: 1000 });
    service("two", { source: "./two", command: ["x"], hosts, port: 2000 });
  });
  const sources = withSourceDigests(graph, new Map([["a/service/one", { digest: "abc" }]]))
    .resources.filter(({ type }) => type === "service")
    .map(({ properties }) => properties.source);
  assert.deepEqual(sources, [
    { path: "./one", digest: "abc" },
    { path: "./two", digest: "" },
  ]);
});
