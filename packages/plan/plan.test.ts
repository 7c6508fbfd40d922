import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import fc from "@havn/testkit/property";
import {
  diffProperties,
  findCycle,
  findDependants,
  findSecretPaths,
  type Node,
  orderNodes,
  planSummary,
  planWaves,
  sequenceChanges,
  unifiedDiff,
  type WaveNode,
} from "./index.ts";

/** Nodes n0, n1, …, each after any others; with `acyclic` only after ones that a hidden order puts before it. */
const nodesArbitrary = (acyclic: boolean): fc.Arbitrary<WaveNode[]> =>
  fc.integer({ min: 0, max: 9 }).chain((count) =>
    fc
      .tuple(
        fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
        fc.array(fc.boolean(), { minLength: count * count, maxLength: count * count }),
        fc.array(fc.option(fc.constantFrom("a", "b"), { nil: undefined }), {
          minLength: count,
          maxLength: count,
        }),
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      )
      .map(([rank, edges, hosts, settled]) =>
        rank.map((_, index) => ({
          key: `n${index}`,
          after: rank.flatMap((_, before) =>
            edges[index * count + before] &&
            (acyclic ? (rank[before] ?? 0) < (rank[index] ?? 0) : before !== index)
              ? [`n${before}`]
              : [],
          ),
          host: hosts[index],
          settled: settled[index] ?? false,
        })),
      ),
  );

/** The oracle: again and again the first node, as given, whose predecessors are all there. */
function orderSlowly(nodes: readonly Node[]): string[] {
  const order: string[] = [];
  for (;;) {
    const next = nodes.find(
      ({ key, after }) => !order.includes(key) && after.every((one) => order.includes(one)),
    );
    if (!next) return order;
    order.push(next.key);
  }
}

test("order: as the slow oracle says, cut short exactly when there is a cycle", () => {
  fc.assert(
    fc.property(nodesArbitrary(false), (nodes) => {
      const { order, cycle } = orderNodes(nodes);
      assert.deepEqual(order, orderSlowly(nodes));
      assert.equal(cycle === undefined, order.length === nodes.length);
    }),
    { numRuns: 500 },
  );
});

test("cycle: found when and only when there is one, and every step of it is an edge", () => {
  fc.assert(
    fc.property(nodesArbitrary(false), (nodes) => {
      const cycle = findCycle(nodes);
      assert.equal(cycle === undefined, orderSlowly(nodes).length === nodes.length);
      if (!cycle) return;
      assert.ok(cycle.length > 1);
      assert.equal(cycle[0], cycle.at(-1));
      const after = new Map(nodes.map((node) => [node.key, node.after]));
      for (let index = 0; index + 1 < cycle.length; index++)
        assert.ok(after.get(cycle[index] ?? "")?.includes(cycle[index + 1] ?? ""));
    }),
    { numRuns: 500 },
  );
});

/** The oracle: what is done counts; a wave takes in nodes until no more can come. */
function wavesSlowly(nodes: readonly WaveNode[]): string[][] {
  const done = new Set<string>();
  const waves: string[][] = [];
  const settle = () => {
    for (let more = true; more; ) {
      more = false;
      for (const node of nodes)
        if (node.settled && !done.has(node.key) && node.after.every((key) => done.has(key))) {
          done.add(node.key);
          more = true;
        }
    }
  };
  for (settle(); done.size < nodes.length; settle()) {
    const wave = new Map<string, WaveNode>();
    for (let more = true; more; ) {
      more = false;
      for (const node of nodes) {
        if (node.settled || done.has(node.key) || wave.has(node.key)) continue;
        const inBundle = (key: string) => node.host !== undefined && wave.get(key)?.host === node.host;
        if (!node.after.every((key) => done.has(key) || inBundle(key))) continue;
        wave.set(node.key, node);
        more = true;
      }
    }
    waves.push([...wave.keys()].sort());
    for (const key of wave.keys()) done.add(key);
  }
  return waves;
}

test("waves: each as large as the slow oracle says; bundles keep their order", () => {
  fc.assert(
    fc.property(nodesArbitrary(true), (nodes) => {
      const waves = planWaves(nodes);
      const keys = waves.map(({ bundles, others }) =>
        [...bundles.flatMap((bundle) => bundle.keys), ...others].sort(),
      );
      assert.deepEqual(keys, wavesSlowly(nodes));
      const order = orderSlowly(nodes);
      for (const { bundles } of waves)
        for (const bundle of bundles)
          assert.deepEqual(
            bundle.keys,
            order.filter((key) => bundle.keys.includes(key)),
          );
    }),
    { numRuns: 500 },
  );
});

test("dependants: what can be reached", () => {
  const nodes = [
    { key: "a", after: [] },
    { key: "b", after: ["a"] },
    { key: "c", after: ["b"] },
    { key: "d", after: [] },
  ];
  assert.deepEqual([...findDependants(nodes, ["a"])].sort(), ["b", "c"]);
  assert.deepEqual([...findDependants(nodes, ["d"])], []);
});

const resource = (name: string, dependsOn: string[] = []): Resource => ({
  address: `e/alert/${name}`,
  type: "alert",
  name,
  properties: {},
  dependsOn: dependsOn.map((one) => `e/alert/${one}`),
});

test("sequence: users go or change before what they used goes", () => {
  const prior = [resource("old"), resource("user", ["old"]), resource("kept", ["old"])];
  const nodes = sequenceChanges([resource("new"), resource("kept", ["new"])], prior);
  const names = orderNodes(nodes).order.map((address) => address.split("/").at(-1));
  assert.deepEqual(names, ["new", "kept", "user", "old"]);
});

const onHost = (name: string, about: string, dependsOn: string[] = []): Resource => ({
  ...{ address: `e/line/h:${name}`, type: "line", name: `h:${name}`, host: "h", properties: { about } },
  dependsOn: dependsOn.map((one) => `e/line/h:${one}`),
});
const claimsOf = ({ properties }: Resource) => ({ things: [String(properties.about)] });
const orderOf = (desired: Resource[], prior: Resource[]) =>
  orderNodes(sequenceChanges(desired, prior, claimsOf)).order.map((address) => address.split(":").at(-1));

test("sequence: what goes makes room for what is made of the same thing, before users change to that", () => {
  assert.deepEqual(orderOf([onHost("new", "x")], [onHost("old", "x")]), ["old", "new"]);
  assert.deepEqual(orderOf([onHost("new", "y")], [onHost("old", "x")]), ["new", "old"]);
  assert.deepEqual(
    orderOf(
      [onHost("new", "x"), onHost("user", "u", ["new"])],
      [onHost("old", "x"), onHost("user", "u", ["old"])],
    ),
    ["old", "new", "user"],
  );
  // A user that has nothing to do with the new one is still waited for; one that goes too goes first.
  assert.deepEqual(
    orderOf([onHost("new", "x"), onHost("user", "u")], [onHost("old", "x"), onHost("user", "u", ["old"])]),
    ["user", "old", "new"],
  );
  const chain = [onHost("old", "x"), onHost("gone", "g", ["old"]), onHost("user", "u", ["gone"])];
  assert.deepEqual(orderOf([onHost("new", "x"), onHost("user", "u", ["new"])], chain), [
    "gone",
    "old",
    "new",
    "user",
  ]);
});

test("sequence: for any two graphs no circle comes in, and what is removed goes before what is made of the same", () => {
  const list = (prefix: string) =>
    fc
      .array(fc.tuple(fc.constantFrom("x", "y", "z"), fc.array(fc.nat(5), { maxLength: 2 }), fc.boolean()), {
        maxLength: 6,
      })
      .map((all) => {
        const names = all.map(([, , shared], index) => `${shared ? "s" : prefix}${index}`);
        return all.map(([about, uses], index) =>
          onHost(
            names[index] ?? "",
            about,
            uses.flatMap((use) => (use < index ? (names[use] ?? []) : [])),
          ),
        );
      });
  fc.assert(
    fc.property(list("new"), list("old"), (desired, prior) => {
      const { order, cycle } = orderNodes(sequenceChanges(desired, prior, claimsOf));
      assert.equal(cycle, undefined);
      const declared = new Set(desired.map(({ address }) => address));
      const removed = prior.filter(({ address }) => !declared.has(address));
      for (const old of removed) {
        for (const made of desired)
          if (made.properties.about === old.properties.about)
            assert.ok(order.indexOf(old.address) < order.indexOf(made.address), `${old.name} ${made.name}`);
        for (const user of removed)
          if (user.dependsOn.includes(old.address))
            assert.ok(order.indexOf(user.address) < order.indexOf(old.address), "users go first");
      }
    }),
    { numRuns: 1000 },
  );
});

/** Applies a unified diff: written against the format's definition, not against the code that makes it. */
function patch(before: string, diff: string): string {
  const source = before === "" ? [] : before.split(/(?<=\n)/);
  let result = "";
  let at = 0;
  const lines = diff === "" ? [] : diff.split(/(?<=\n)/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@/.exec(line);
    if (head) {
      const from = head[2] === "0" ? Number(head[1]) : Number(head[1]) - 1;
      for (; at < from; at++) result += source[at];
      continue;
    }
    if (line.startsWith("\\")) continue;
    const text = lines[index + 1]?.startsWith("\\") ? line.slice(1, -1) : line.slice(1);
    if (line[0] !== "+") assert.equal(source[at++], text);
    if (line[0] !== "-") result += text;
  }
  return result + source.slice(at).join("");
}

/** Length of a longest common subsequence, by the textbook. */
function commonLines(a: string[], b: string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const cell = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const row = table[i];
      if (row)
        row[j] = a[i - 1] === b[j - 1] ? cell(i - 1, j - 1) + 1 : Math.max(cell(i - 1, j), cell(i, j - 1));
    }
  return cell(a.length, b.length);
}

const textArbitrary = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "c", "@@", "-x", "\\"), { maxLength: 30 }), fc.boolean())
  .map(([lines, ends]) => lines.join("\n") + (ends && lines.length > 0 ? "\n" : ""));

test("diff: patching gives the new text, with as few changed lines as can be", () => {
  fc.assert(
    fc.property(textArbitrary, textArbitrary, (before, after) => {
      const diff = unifiedDiff(before, after);
      assert.equal(patch(before, diff), after);
      const whole = unifiedDiff(before, after, 1000);
      const body = whole.split("\n").slice(1);
      const edits = body.filter((line) => line.startsWith("+") || line.startsWith("-")).length;
      const lines = (text: string) => (text === "" ? [] : text.split(/(?<=\n)/));
      const common = commonLines(lines(before), lines(after));
      if (before !== after) assert.equal(edits, lines(before).length + lines(after).length - 2 * common);
      else assert.equal(diff, "");
    }),
    { numRuns: 1000 },
  );
});

test("diff: reads as diff -u does", () => {
  assert.equal(unifiedDiff("a\nb\nc\n", "a\nB\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  assert.equal(unifiedDiff("", "a"), "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n");
});

test("diff: two large unlike texts end soon, as one replaced whole", () => {
  const lines = (word: string) => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}\n`).join("");
  const diff = unifiedDiff(lines("before"), lines("after"));
  assert.equal(diff.split("\n").length, 40_002);
});

test("properties: paths, references described, secrets never shown", () => {
  const before = { env: { A: "1", DB: "postgres://old" }, gone: true, list: [1, 2], text: "a\nb\n" };
  const after = {
    env: { A: "2", DB: "postgres://new" },
    list: [1, 3],
    text: "a\nc\n",
    url: { $text: ["http://", { $host: "web-1", attribute: "address" }] },
  };
  assert.deepEqual(diffProperties(before, after, ["env.DB"]), [
    { property: "env.A", before: "1", after: "2" },
    { property: "env.DB", before: "(secret)", after: "(secret)" },
    { property: "gone", before: true },
    { property: "list", before: [1, 2], after: [1, 3] },
    { property: "text", diff: "@@ -1,2 +1,2 @@\n a\n-b\n+c\n" },
    { property: "url", after: "http://(address of web-1)" },
  ]);
});

test("properties: no value under a secret path is ever in a change", () => {
  const secretValue = "s3cret-value";
  const leaf = fc.constantFrom<unknown>("x", 1, true, secretValue, [secretValue]);
  const tree = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(leaf, fc.dictionary(fc.constantFrom("d", "e"), leaf)),
  );
  const pathsOfSecret = (value: unknown, path: string): string[] =>
    JSON.stringify(value)?.includes(secretValue)
      ? typeof value === "object" && !Array.isArray(value) && value !== null
        ? Object.entries(value).flatMap(([key, item]) =>
            pathsOfSecret(item, path === "" ? key : `${path}.${key}`),
          )
        : [path]
      : [];
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const secrets = [...pathsOfSecret(before, ""), ...pathsOfSecret(after, "")];
      assert.ok(!JSON.stringify(diffProperties(before, after, secrets)).includes(secretValue));
    }),
    { numRuns: 500 },
  );
});

test("secret paths: where references to secrets stand", () => {
  const properties = {
    password: { $secret: "a" },
    env: { URL: { $text: ["x", { $secret: "b" }] }, HOST: { $host: "h", attribute: "address" } },
    list: ["plain", { $secret: "c" }],
  };
  assert.deepEqual(findSecretPaths(properties), ["password", "env.URL", "list"]);
});

test("summary: every action is counted", () => {
  assert.deepEqual(planSummary([{ action: "create" }, { action: "no-op" }, { action: "create" }]), {
    create: 2,
    update: 0,
    replace: 0,
    delete: 0,
    "no-op": 1,
  });
});
