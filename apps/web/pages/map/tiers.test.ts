import assert from "node:assert/strict";
import { test } from "node:test";
import { shopWorld } from "../../testing/data.ts";
import { hostReferences, isUp, layOut } from "./tiers.ts";

const { status, graph } = shopWorld(1_795_000_000_000);
const names = (model: ReturnType<typeof layOut>) =>
  model.tiers.map((tier) => tier.map(({ host }) => host.name));
const edges = (model: ReturnType<typeof layOut>) =>
  model.edges.map(({ from, to, well }) => `${from} ${well ? "→" : "⇥"} ${to}`);

test("hosts stand by what they do, and edges follow requests and references", () => {
  const model = layOut(status, graph);
  assert.deepEqual(names(model), [["lb-1"], ["web-1", "web-2"], ["db-1"]]);
  assert.deepEqual(edges(model), [
    "clients → balancer:front",
    "balancer:front → instance:shop-web-1-3f2a9c10",
    "balancer:front → instance:shop-web-2-3f2a9c10",
    "host:web-1 → host:db-1",
    "host:web-2 → host:db-1",
  ]);
});

test("a slot that is down breaks its edge; one in maintenance is not drawn as serving", () => {
  const broken = structuredClone(status);
  const [front] = broken.balancers;
  assert.ok(front?.slots[0] && front.slots[1]);
  front.slots[0].state = "DOWN";
  front.slots[1].state = "MAINT";
  assert.deepEqual(edges(layOut(broken, undefined)).slice(1), [
    "balancer:front ⇥ instance:shop-web-1-3f2a9c10",
    "balancer:front ⇥ instance:shop-web-2-3f2a9c10",
  ]);
});

test("without a balancer clients come straight to the instances; without a graph nothing is guessed", () => {
  const plain = { ...status, balancers: [] };
  assert.deepEqual(edges(layOut(plain, undefined)), [
    "clients → instance:shop-web-1-3f2a9c10",
    "clients → instance:shop-web-2-3f2a9c10",
  ]);
});

test("references are found however deep", () => {
  assert.deepEqual(
    hostReferences({ env: { URL: { $text: ["http://", { $host: "db-1", attribute: "address" }] } } }),
    ["db-1"],
  );
  assert.deepEqual(["UP", "UP 1/2", "no check", "DOWN", "MAINT", "DRAIN"].map(isUp), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
