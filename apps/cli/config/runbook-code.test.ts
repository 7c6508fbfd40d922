import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HavnError, type ResourceGraph } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { evaluateConfig } from "./evaluate.ts";
import { withRunbookCode } from "./runbook-code.ts";

/** The graph of a folder with these files, `havn.config.ts` among them. */
async function graphOf(directory: string, files: Record<string, string>): Promise<ResourceGraph> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const file = join(directory, "havn.config.ts");
  const { graph } = await evaluateConfig({
    ...{ file, cwd: directory, environment: undefined, timeoutMs: 60_000, onOutput: () => {} },
    signal: new AbortController().signal,
  });
  return withRunbookCode(graph, { file, cwd: directory });
}

const properties = (graph: ResourceGraph, name: string) =>
  graph.resources.find((one) => one.type === "runbook" && one.name === name)?.properties as {
    steps: { module: string; export: string; code: string };
    with: Record<string, unknown>;
  };

test("a runbook's function travels as code of its own, wherever it stands, with what it imports", async () => {
  await using directory = await temporaryDirectory();
  const graph = await graphOf(directory.path, {
    "words.ts": `export const greeting = (name: string): string => "reload " + name;\nexport const unused = "not needed";\n`,
    "books.ts": `import { steps, type HostHandle } from "havn";
import { greeting } from "./words.ts";
export const reload = steps<{ unit: string; on: HostHandle }>(async (step, { with: { unit, on } }) => {
  await step.run(["systemctl", ...greeting(unit).split(" ")], { on });
});
`,
    "havn.config.ts": `import { environment, host, runbook, steps } from "havn";
import { reload } from "./books.ts";
export const tell = steps(async (step) => step.note("here"));
export default environment("shop", {}, () => {
  const web = host("web-1", { ssh: { address: "10.0.0.7" } });
  runbook("reload", { steps: reload, with: { unit: "nginx", on: web }, on: [{ match: ['alertname="down"'] }] });
  runbook("tell", { steps: tell, at: { schedule: "0 3 * * *" } });
});
`,
  });
  const { steps, with: input } = properties(graph, "reload");
  assert.deepEqual([steps.module, steps.export], ["books.ts", "reload"]);
  assert.deepEqual(input, {
    unit: "nginx",
    on: { type: "host", name: "web-1", resource: "shop/host/web-1" },
  });
  assert.match(steps.code, /reload /);
  assert.doesNotMatch(steps.code, /not needed|describes an environment/);
  const own = properties(graph, "tell").steps;
  assert.deepEqual([own.module, own.export], ["havn.config.ts", "tell"]);
  assert.doesNotMatch(own.code, /10\.0\.0\.7/);
  // It is what it says.
  const asked: unknown[] = [];
  const module = (await import(`data:text/javascript,${encodeURIComponent(steps.code)}`)) as {
    default: { body(step: unknown, trigger: unknown): Promise<void> };
  };
  await module.default.body({ run: async (...given: unknown[]) => asked.push(given) }, { with: input });
  assert.deepEqual(asked, [[["systemctl", "reload", "nginx"], { on: input.on }]]);
});

test("steps that are not exported, or that cannot be put together, are told with their place", async () => {
  await using directory = await temporaryDirectory();
  const config = (body: string, more = "") => ({
    "havn.config.ts": `import { environment, runbook, steps } from "havn";\n${more}\nexport default environment("shop", {}, () => {\n${body}\n});\n`,
  });
  const faultOf = (files: Record<string, string>) =>
    graphOf(directory.path, files).then(
      () => assert.fail("it was taken"),
      (error: unknown) => {
        assert.ok(error instanceof HavnError, String(error));
        return (
          error.diagnostics?.map(({ summary, at }) => `${at?.file}:${at?.line} ${summary}`).join("\n") ?? ""
        );
      },
    );
  assert.match(
    await faultOf(config('runbook("inside", { steps: steps(async () => {}) });')),
    /havn\.config\.ts:4 The steps of runbook "inside" are not exported/,
  );
  assert.match(
    await faultOf(config('runbook("none", { steps: undefined as never });')),
    /The steps of runbook "none" are not exported|runbook "none" has no steps/,
  );
});
