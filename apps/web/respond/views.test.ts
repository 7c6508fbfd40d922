import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertView } from "@havn/model";
import { fits, groupsOf, type Row, rowsOf } from "./views.ts";

const alert = (rule: string, more: Partial<AlertView> = {}): AlertView => {
  const labels = more.labels ?? {};
  const severity = more.severity ?? "critical";
  return {
    ...{
      fingerprint: `${rule} ${labels.host}`,
      rule,
      environment: "shop",
      state: "firing",
      severity,
      labels,
    },
    ...{ summary: `${rule} is wrong`, activeSince: 1, external: false, groups: [] },
    ...{ silencedBy: [], inhibitedBy: [], behind: [], held: [] },
    routed: { alertname: rule, env: "shop", severity, ...labels },
    ...more,
  };
};
const rows = (...alerts: AlertView[]): Row[] =>
  rowsOf({
    alerts,
    paging: [
      {
        ...{ incident: 7, title: "disk", state: "open", pages: [], asked: [] },
        alerts: [{ severity: "critical", alertname: "disk", host: "web-1", env: "shop" }],
      },
    ],
    maintenance: {
      maintenance: [
        {
          ...{
            id: "m",
            environment: "shop",
            host: null,
            from: 0,
            until: 9,
            reason: "new disk",
            actor: "ada",
          },
          hosts: ["web-1"],
          ...{ recurring: null, match: [], next: [] },
        },
      ],
      windows: [],
      declared: [],
    },
  });
const filter = { text: "", state: "active", severity: "" } as const;

test("an alert stands as it is told: silences, others and parents suppress it", () => {
  const stands = rows(
    alert("a"),
    alert("b", { silencedBy: ["s"] }),
    alert("c", { behind: ["switch"] }),
    alert("d", { state: "pending" }),
    alert("e", { state: "resolved" }),
  ).map(({ stand }) => stand);
  assert.deepEqual(stands, ["firing", "suppressed", "suppressed", "pending", "resolved"]);
});

test("who was paged and what its host is about are found by its labels", () => {
  const [row] = rows(alert("disk", { labels: { host: "web-1" } }));
  assert.equal(row?.paging?.incident, 7);
  assert.equal(row?.maintenance, "new disk");
});

test("the filter takes matchers, words, a state and a severity", () => {
  const all = rows(
    alert("disk", { labels: { host: "web-1" } }),
    alert("cpu", { labels: { host: "db-1" }, severity: "warning" }),
    alert("old", { state: "resolved" }),
  );
  const found = (more: Partial<Parameters<typeof fits>[1]>) =>
    all.filter((row) => fits(row, { ...filter, ...more })).map((row) => row.alert.rule);
  assert.deepEqual(found({}), ["disk", "cpu"]);
  assert.deepEqual(found({ state: "all" }), ["disk", "cpu", "old"]);
  assert.deepEqual(found({ severity: "warning" }), ["cpu"]);
  assert.deepEqual(found({ text: 'host=~"web-.*"' }), ["disk"]);
  assert.deepEqual(found({ text: "wrong DB-1" }), ["cpu"]);
});

test("groups are those of the routes, the worst first; what no route takes comes last", () => {
  const group = { receiver: "shop/receiver/oncall", labels: { alertname: "disk" } };
  const all = rows(
    alert("lonely"),
    alert("warm", { severity: "warning", groups: [{ receiver: "chat", labels: {} }] }),
    alert("disk", { labels: { host: "web-1" }, groups: [group] }),
    alert("disk", { labels: { host: "web-2" }, groups: [group, { receiver: "chat", labels: {} }] }),
  );
  const shape = (by: string) =>
    groupsOf(all, by).map(({ receiver, rows: inside }) => [receiver, inside.length]);
  assert.deepEqual(shape("routing"), [
    ["chat", 2],
    ["shop/receiver/oncall", 2],
    [undefined, 1],
  ]);
  assert.deepEqual(
    groupsOf(all, "host").map(({ labels, rows: inside }) => [labels.host, inside.length]),
    [
      ["web-1", 1],
      ["web-2", 1],
      [undefined, 2],
    ],
  );
});
