import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchSize, Rollout } from "@havn/model";
import fc from "@havn/testkit/property";
import { isOverBudget, planStages } from "./batches.ts";
import type { WaveNode } from "./waves.ts";

const on = (host: string, name = "x", after: string[] = []): WaveNode => ({
  key: `e/file/${host}:/${name}`,
  after,
  host,
});
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index + 1}`);
const batchesOf = (nodes: WaveNode[], ...rollouts: Rollout[]) =>
  planStages(nodes, rollouts).map((stage) => stage.batches.map((batch) => batch.hosts.join(" ")));

test("sizes: numbers, parts rounded down but never none, the last one for all that follow", () => {
  const sizes = (count: number, ...serial: BatchSize[]) =>
    planStages(
      hosts(count).map((host) => on(host)),
      [{ serial }],
    ).map(({ batches: [batch] }) => batch?.hosts.length);
  assert.deepEqual(sizes(10, 1, "10%", "50%"), [1, 1, 5, 3]);
  assert.deepEqual(sizes(7, 3), [3, 3, 1]);
  assert.deepEqual(sizes(3, "25%"), [1, 1, 1]);
  assert.deepEqual(sizes(9, "33.4%"), [3, 3, 3]);
  assert.deepEqual(sizes(2, 50), [2]);
});

test("without a rollout all goes in one stage, also where nothing is to be done", () => {
  assert.deepEqual(batchesOf(hosts(3).map((host) => on(host))), [[]]);
  assert.deepEqual(batchesOf([]), [[]]);
  assert.deepEqual(batchesOf([], { serial: [1] }), [[]]);
});

test("groups go side by side; a host belongs to the first that names it; the rest to one without names", () => {
  assert.deepEqual(
    batchesOf(
      hosts(6).map((host) => on(host)),
      { hosts: ["h2", "h1"], serial: [1] },
      { hosts: ["h2", "h3"], serial: [1] },
      { serial: [2] },
    ),
    [
      ["h1", "h3", "h4 h5"],
      ["h2", "h6"],
    ],
  );
});

test("only hosts with something to do count, in the order in which they are declared", () => {
  const declared = (name: string): WaveNode => ({ key: `e/host/${name}`, after: [], settled: true });
  assert.deepEqual(
    batchesOf(
      [declared("h2"), declared("h3"), declared("h1"), { ...on("h3"), settled: true }, on("h1"), on("h2")],
      { serial: [1] },
    ),
    [["h2"], ["h1"]],
  );
});

test("whatever the graph: everything once, after what it needs, and never before its batch", () => {
  const nodes = fc
    .array(fc.record({ host: fc.option(fc.constantFrom("a", "b", "c", "d")), edges: fc.nat({ max: 255 }) }), {
      maxLength: 8,
    })
    .map((list) =>
      list.map(
        ({ host, edges }, index): WaveNode => ({
          key: `e/x/n${index}`,
          after: list.flatMap((_, before) =>
            before < index && (edges >> before) & 1 ? [`e/x/n${before}`] : [],
          ),
          host: host ?? undefined,
        }),
      ),
    );
  const rollouts = fc.constantFrom<Rollout[]>(
    [{ serial: [1] }],
    [{ serial: [2, 1] }],
    [{ hosts: ["c", "a"], serial: [1] }],
    [{ hosts: ["a"], serial: [1] }, { serial: ["50%"] }],
  );
  fc.assert(
    fc.property(nodes, rollouts, (list, given) => {
      const stages = planStages(list, given);
      const at = new Map(
        stages.flatMap((stage, index) => stage.nodes.map(({ key }) => [key, index] as const)),
      );
      assert.equal(stages.flatMap((stage) => stage.nodes).length, list.length);
      const batchOf = new Map(
        stages.flatMap((stage, index) =>
          stage.batches.flatMap((batch) => batch.hosts.map((host) => [host, index] as const)),
        ),
      );
      for (const { key, after, host } of list) {
        const own = host === undefined ? 0 : (batchOf.get(host) ?? 0);
        const needed = Math.max(own, ...after.map((one) => at.get(one) ?? 0));
        assert.equal(at.get(key), needed, "as early as it may, and no earlier");
      }
    }),
  );
});

test("failure budget: none means the first failure stops; a part must be exceeded, not reached", () => {
  assert.equal(isOverBudget({}, { failed: 0, hosts: 4 }), false);
  assert.equal(isOverBudget({}, { failed: 1, hosts: 4 }), true);
  assert.equal(isOverBudget({ maxFailures: 1 }, { failed: 1, hosts: 4 }), false);
  assert.equal(isOverBudget({ maxFailures: 1 }, { failed: 2, hosts: 4 }), true);
  assert.equal(isOverBudget({ maxFailurePercentage: 25 }, { failed: 1, hosts: 4 }), false);
  assert.equal(isOverBudget({ maxFailurePercentage: 25 }, { failed: 2, hosts: 4 }), true);
  assert.equal(isOverBudget({ maxFailures: 3, maxFailurePercentage: 10 }, { failed: 1, hosts: 4 }), true);
});
