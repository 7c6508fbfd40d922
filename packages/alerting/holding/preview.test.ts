import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "@havn/postgres/testing";
import { parseMatcher } from "../routing/matchers.ts";
import { checked, context, openRoom, resource, steps } from "../testing.ts";
import { coversAlertsOf } from "./covers.ts";
import type { Preview } from "./preview.ts";

test("matchers cover all, some or none of what may alert", () => {
  const known = { host: ["web-1"], severity: ["critical", "warning"], env: ["shop"] };
  const cases: [string, boolean, string][] = [
    ["host=web-1", false, "yes"],
    ["host=web-2", false, "no"],
    ["severity=critical", false, "maybe"],
    ['severity=~"critical|warning"', false, "yes"],
    ["instance=a", false, "no"],
    ["instance=a", true, "maybe"],
    ['instance=""', false, "yes"],
    ["env=shop,host=web-1,severity!=info", true, "yes"],
  ];
  for (const [text, open, expected] of cases)
    assert.equal(coversAlertsOf(text.split(",").map(parseMatcher), { known, open }), expected, text);
});

test("a preview tells what fires, what may, and which pages it would have held back", async () => {
  await using db = await testDatabase();
  const day = 86_400_000;
  const graph = [
    resource("shop/host/web-1", {}),
    resource("shop/host/web-2", {}),
    resource("shop/service/shop", { hosts: ["web-1", "web-2"] }),
  ];
  let asked = 0;
  const room = await openRoom(db.sql, {
    graphs: async () => [{ environment: "shop", resources: graph }],
    pagesSince: async (since) => {
      asked = since;
      const page = { at: since + day, incident: 1, title: "it is down", person: "ada" };
      const [one, other] = [
        { alertname: "a", host: "web-1" },
        { alertname: "b", host: "web-2" },
      ];
      return [
        { ...page, alerts: [one] },
        { ...page, incident: 2, alerts: [one, other] },
        { ...page, incident: 3, alerts: [other] },
      ];
    },
  });
  const alerting = await room.open();
  for (const wanted of [
    resource("shop/check/front", { from: "web-1", probe: { kind: "tcp", host: "a", port: 1 } }),
    resource("shop/check/back", { from: "web-2", probe: { kind: "tcp", host: "a", port: 1 } }),
    resource("shop/alert/slow", { expr: "a > 1", summary: "slow" }),
  ]) {
    const { action, changes } = await alerting.executor.plan(wanted, undefined);
    const change = { address: wanted.address, type: wanted.type, action, changes };
    await alerting.executor.apply(steps, change, wanted, context);
  }
  alerting.checkResults("shop/host/web-1", [checked("shop/check/front", "critical", "refused")]);
  alerting.hostLost("shop/host/web-2", "gone");
  await alerting.settled();
  const route = alerting.routes.find(({ path }) => path === "/api/v1/silences/preview");
  const preview = async (...matchers: string[]) =>
    (await route?.handle({ body: { matchers } } as never)) as Preview;
  const web1 = await preview("host=web-1");
  assert.deepEqual(
    web1.alerts.map(({ summary }) => summary),
    ["Check front fails: refused"],
  );
  assert.deepEqual(
    web1.checks.map(({ name, state, certainty }) => [name, state, certainty]),
    [["front", "critical", "yes"]],
  );
  assert.deepEqual(
    web1.rules.map(({ name, certainty }) => [name, certainty]),
    [["slow", "maybe"]],
  );
  assert.deepEqual(
    web1.resources.map(({ name, alertname, certainty }) => [name, alertname, certainty]),
    [
      ["web-1", "host lost", "yes"],
      ["shop", "instance not healthy", "maybe"],
      ["shop", "service below wanted instances", "maybe"],
    ],
  );
  // The second page was about what it does not cover, too.
  assert.deepEqual(
    [web1.pages.sent, web1.pages.held, web1.pages.examples.map(({ incident }) => incident)],
    [3, 1, [1]],
  );
  assert.equal(asked, room.clock.now() - 30 * day);
  const nothing = await preview("host=web-9");
  assert.deepEqual([nothing.alerts, nothing.checks, nothing.pages.held], [[], [], 0]);
  for (const name of ["constructor", "__proto__", "toString"]) {
    const none = await preview('host="web-1"', `${name}=~".+"`);
    assert.deepEqual([none.alerts, none.checks, none.pages.held], [[], [], 0], name);
  }
  await assert.rejects(preview("host"), /is no matcher/);
});
