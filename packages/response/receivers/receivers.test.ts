import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertView, ReceiverPreview, ReceiverTest, ReceiverView } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { virtualClock } from "@havn/testkit";
import { declaredResource, openResponse } from "../testing/room.ts";

const chat = "shop/receiver/chat";
const view = (name: string, since: number, more: Partial<AlertView> = {}): AlertView => ({
  ...{ fingerprint: name, rule: name, environment: "shop", state: "firing", severity: "warning" },
  ...{ summary: `${name} is wrong`, labels: {}, activeSince: since, firingSince: since, external: false },
  routed: { alertname: name, env: "shop", severity: "warning", host: name },
  groups: [{ receiver: chat, labels: { alertname: name } }],
  ...{ silencedBy: [], inhibitedBy: [], behind: [], held: [] },
  ...more,
});
const template = {
  subject: "{{ severity }}: {{ title }}",
  text: "{{ each alerts }}{{ summary }} ({{ labels.host }})\n{{ end }}",
};
const receiver = (more: Record<string, unknown> = {}) =>
  declaredResource("receiver", "chat", {
    ...{ channels: [{ kind: "slack", url: "http://chat.test/hook/secret" }], escalation: "first", template },
    ...more,
  });
const declared = [
  declaredResource("contact", "ada", {
    ways: [
      { via: { kind: "email", to: "ada@x.test", from: "havn@x.test", server: "smtp://mail.test" } },
      { via: { kind: "ntfy", url: "http://ntfy.test/ada" }, after: "3m" },
    ],
  }),
  declaredResource("escalation", "first", { levels: [{ targets: [{ kind: "person", name: "ada" }] }] }),
  receiver(),
];

test("a receiver is previewed with the newest alert of its route, with another template, and with an example", async () => {
  await using db = await testDatabase();
  const alertViews: AlertView[] = [view("old", 1000), view("disk", 2000), view("else", 3000, { groups: [] })];
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock: virtualClock(10_000), declared, alertViews },
  });
  const preview = (body: unknown = {}) =>
    room.json<ReceiverPreview>("POST", "/api/v1/receivers/shop/chat/preview", body);
  assert.deepEqual(await preview(), {
    ...{ source: "group", subject: "warning: disk is wrong", text: "disk is wrong (disk)\n" },
    alerts: [{ fingerprint: "disk", summary: "disk is wrong", state: "firing" }],
    ...{ faults: [], empty: [] },
  });
  assert.equal((await preview({ alert: "else" })).source, "alert");
  const wrong = await preview({ template: { subject: "{{ labels.rack }}!", text: "a\n {{ nothing }}" } });
  assert.deepEqual(wrong.faults, [
    { field: "text", line: 2, column: 2, summary: 'nothing is called "nothing" here' },
  ]);
  assert.deepEqual([wrong.empty, wrong.subject, wrong.text], [["rack"], "!", "firing: disk is wrong"]);
  alertViews.length = 0;
  assert.equal((await preview()).source, "example");
  for (const [path, body] of [
    ["chat", { alert: "gone" }],
    ["nobody", {}],
  ] as const)
    assert.equal((await room.inject("POST", `/api/v1/receivers/shop/${path}/preview`, body)).status, 404);
  assert.equal(room.sent.length, 0);
});

test("a receiver is tried on every way at once; the words say that it is a test, and each attempt is kept", async () => {
  await using db = await testDatabase();
  let role: "admin" | "viewer" = "admin";
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock: virtualClock(10_000), declared, alertViews: [view("disk", 1)] },
    role: () => role,
    async send({ kind }) {
      if (kind === "ntfy") throw new Error("answered 500: away");
      return "answered 200";
    },
  });
  const tried = await room.json<ReceiverTest>("POST", "/api/v1/receivers/shop/chat/test", {});
  assert.deepEqual(
    tried.attempts.map(({ channel, to, person, accepted, detail }) => [
      channel,
      to,
      person,
      accepted,
      detail,
    ]),
    [
      ["slack", "chat.test", undefined, true, "answered 200"],
      ["email", "ada@x.test", "ada", true, "answered 200"],
      ["ntfy", "ntfy.test", "ada", false, "answered 500: away"],
    ],
  );
  assert.equal(tried.subject, "[TEST] warning: disk is wrong");
  assert.match(
    tried.text,
    /^This is a test of receiver chat, sent by user:cy\. Nothing has happened\.\n\ndisk/,
  );
  for (const { message } of room.sent)
    assert.deepEqual([message.subject, message.answerable], [tried.subject, false]);
  const { receivers } = await room.json<{ receivers: ReceiverView[] }>(
    "GET",
    "/api/v1/receivers?environment=shop",
  );
  assert.deepEqual(receivers[0]?.tests, [tried]);
  assert.deepEqual(
    receivers[0]?.people.map(({ person, ways }) => [person, ways.length]),
    [["ada", 2]],
  );
  role = "viewer";
  const seen = JSON.stringify(await room.json("GET", "/api/v1/receivers?environment=shop"));
  assert.match(seen, /"person":"ada"/);
  assert.doesNotMatch(seen, /ada@x|ntfy\.test|500: away/, "a viewer is not told where people are reached");
  role = "admin";
  const [event] = await room.timeline.list({ kind: "receiver.tested" });
  assert.match(event?.summary ?? "", /2 of 3 ways took the test/);
  const { incidents } = await room.json<{ incidents: unknown[] }>("GET", "/api/v1/incidents");
  assert.deepEqual(incidents, [], "a test is no incident");
});

test("a plan refuses a template that cannot be read, with its places, and warns of labels that real alerts leave empty", async () => {
  await using db = await testDatabase();
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock: virtualClock(10_000), declared, alertViews: [view("disk", 1)] },
  });
  const plan = (text: string, subject = "{{ title }}") =>
    room.response.executor.plan(receiver({ template: { subject, text } }), undefined);
  await assert.rejects(plan("a\n{{ each alerts }}", "{{ x }}"), {
    status: 400,
    detail:
      'subject, line 1, column 1: nothing is called "x" here; text, line 2, column 18: an each without its end',
  });
  const { warnings = [] } = await plan("{{ labels.rack }}");
  assert.equal(warnings[0]?.summary, "The template of receiver chat leaves labels.rack empty");
  assert.equal((await plan("{{ labels.host }}")).warnings, undefined);
});
