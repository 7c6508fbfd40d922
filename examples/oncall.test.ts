import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "havn";

test("the on-call example is sound, and its receivers come before their route", async () => {
  const module = (await import("./oncall/havn.config.ts")) as { default: unknown };
  const { graph, diagnostics } = evaluateGraph(module.default);
  assert.deepEqual(diagnostics, []);
  const route = graph.resources.find(({ type }) => type === "route");
  assert.deepEqual(route?.dependsOn, ["oncall/receiver/chat", "oncall/receiver/pages"]);
  const escalation = graph.resources.find(({ type }) => type === "escalation");
  assert.deepEqual(escalation?.properties.levels, [
    { targets: [{ kind: "schedule", name: "week" }], timeout: "5m" },
    { targets: [{ kind: "team", name: "ops" }], timeout: "10m" },
  ]);
});
