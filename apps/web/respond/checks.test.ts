import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckState, CheckView } from "@havn/model";
import { byTrouble, isOf, treeOf } from "./checks.ts";

const view = (name: string, state: CheckState, more: Partial<CheckView> = {}, hard = true): CheckView => ({
  ...{ address: `shop/check/${name}`, name, environment: "shop", kind: "tcp", interval: "5s" },
  ...{ parents: [], unreachable: [], ...more },
  result: {
    ...{ address: `shop/check/${name}`, state, hard, attempt: 1, hardState: state, output: "", at: 1 },
    ...{ since: 1, hardSince: 1, durationMs: 1, flapping: false, flapPercent: 0, troubles: 0 },
  },
});

test("the worst comes first, and what lies behind it last", () => {
  const views = [
    view("a", "ok"),
    view("b", "warning"),
    view("c", "critical", { unreachable: ["d"] }),
    view("d", "critical"),
  ];
  assert.deepEqual(
    views.toSorted(byTrouble).map(({ name }) => name),
    ["d", "b", "a", "c"],
  );
});

test("soft troubles are those that are not believed yet", () => {
  assert.equal(isOf(view("a", "critical", {}, false), "soft"), true);
  assert.equal(isOf(view("a", "critical"), "soft"), false);
  assert.equal(isOf(view("a", "ok", {}, false), "soft"), false);
});

test("checks stand below their parents, whatever circles somebody declared", () => {
  const views = [
    view("web", "ok", { parents: ["switch"] }),
    view("switch", "ok", { parents: ["gone"] }),
    view("disk", "ok", { parents: ["web"] }),
    view("x", "ok", { parents: ["y"] }),
    view("y", "ok", { parents: ["x"] }),
  ];
  assert.deepEqual(
    treeOf(views).map(({ view: { name }, depth }) => `${depth} ${name}`),
    ["0 switch", "1 web", "2 disk", "0 x", "1 y"],
  );
});
