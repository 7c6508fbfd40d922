import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { IncidentMetrics, IncidentSummary } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory, until, virtualClock } from "@havn/testkit";
import { declaredResource, openResponse } from "../testing/room.ts";
import { affectedServices } from "./affected.ts";
import { incidentMetrics } from "./metrics.ts";
import { componentState, type PublishedIncident, statusFiles } from "./status-page.ts";
import { listPagesSince } from "./store.ts";

const minute = 60_000;
const start = Date.parse("2026-03-02T10:00:00Z");

const graph = [
  declaredResource("host", "web-1", {}),
  { ...declaredResource("postgres.database", "web-1:shop", {}), dependsOn: ["shop/host/web-1"] },
  { ...declaredResource("service", "shop", {}), dependsOn: ["shop/postgres.database/web-1:shop"] },
  declaredResource("service", "blog", {}),
  declaredResource("alert", "shop-errors", { expr: "rate(errors[5m]) > 1" }),
];

test("an incident from a route to its postmortem: services, suspects, links, notes, updates, actions, metrics", async () => {
  await using db = await testDatabase();
  await using directory = await temporaryDirectory();
  const clock = virtualClock(start);
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock, graph, statusDirectory: directory.path },
    declared: [
      declaredResource("contact", "ada", { ways: [{ via: { kind: "slack", url: "http://slack.test/" } }] }),
      declaredResource("escalation", "shop", { levels: [{ targets: [{ kind: "person", name: "ada" }] }] }),
      declaredResource("receiver", "oncall", { escalation: "shop" }),
      declaredResource("statuspage", "public", {
        ...{ title: "Shop <status>", visibility: "public" },
        components: [
          { name: "Checkout", services: ["shop"] },
          { name: "Blog", services: ["blog"] },
        ],
        mail: { from: "status@shop.test", server: "smtp://mail.test" },
      }),
      declaredResource("statuspage", "inner", {
        title: "Inner",
        components: [{ name: "All", services: ["shop"] }],
      }),
    ],
  });
  await room.timeline.write({
    ...{
      kind: "rollout.finished",
      environment: "shop",
      address: "shop/service/shop",
      at: start - 5 * minute,
    },
    ...{ summary: "release 7 of shop serves", actor: "user:bo" },
  });
  const labels = { alertname: "shop-errors", host: "web-1", severity: "critical" };
  const alert = { labels, annotations: { summary: "shop answers with errors" }, startsAt: start - minute };
  const told = {
    receiver: "shop/receiver/oncall",
    group: "g",
    alerts: [{ ...alert, state: "firing" as const }],
  };
  await room.response.deliver([{ ...told, id: "n1", reason: "first", at: start }]);
  await until(() => room.sent.length === 1 && clock.sleepers > 0, { what: "ada to be paged" });

  const json = room.json;
  type Detail = {
    incident: IncidentSummary;
    services: string[];
    suspects: { event: { summary: string } }[];
    links: { kind: string; title: string; expr?: string }[];
    timeline: { summary: string }[];
  };
  const detail = await json<Detail>("GET", "/api/v1/incidents/1");
  assert.deepEqual(detail.services, ["shop"]);
  assert.deepEqual(
    detail.suspects.map(({ event }) => event.summary),
    ["release 7 of shop serves"],
  );
  assert.deepEqual(
    detail.links.map(({ kind, title, expr }) => [kind, title, expr]),
    [
      ["chart", "shop-errors", "rate(errors[5m]) > 1"],
      ["logs", "shop", undefined],
      ["logs", "web-1", undefined],
    ],
  );
  const patch = async (body: unknown) => {
    const answer = await room.inject("PATCH", "/api/v1/incidents/1", body);
    assert.equal(answer.status, 200, answer.text);
  };
  await patch({ roles: { commander: "ada", scribe: "bo" }, public: true });
  await patch({ roles: { scribe: "" }, severity: "warning" });
  await json("POST", "/api/v1/incidents/1/notes", { text: "it is the cache", source: "chat", by: "bo" });
  await json("POST", "/api/v1/status-pages/shop/public/subscribers", { email: "eve@example.org" });
  await json("POST", "/api/v1/status-pages/shop/public/subscribers", { webhook: "http://hook.test/" });
  assert.equal(
    (await room.inject("POST", "/api/v1/status-pages/shop/inner/subscribers", { email: "a@b.c" })).status,
    409,
  );
  await clock.advance(10 * minute);
  await json("POST", "/api/v1/incidents/1/acknowledge");
  await json("POST", "/api/v1/incidents/1/updates", { text: "Orders come in again.", status: "monitoring" });
  await until(() => room.sent.filter(({ message }) => message.about === "status-1").length === 2, {
    what: "subscribers to be told",
  });
  const mail = room.sent.find(({ channel }) => channel.kind === "email");
  assert.match(mail?.message.subject ?? "", /Shop <status>: .* \(monitoring\)/);

  const page = await room.inject("GET", "/status/shop/public/");
  assert.match(
    page.text,
    /<h1>Shop &lt;status&gt;<\/h1>.*Some systems are degraded.*Orders come in again\./s,
  );
  assert.equal(await readFile(join(directory.path, "shop/public/index.html"), "utf8"), page.text);
  assert.equal((await room.inject("GET", "/status/shop/inner/")).status, 404);
  assert.equal((await room.inject("GET", "/status/shop/none/")).status, 404);
  assert.equal((await room.inject("GET", "/api/v1/status-pages/shop/inner/status.json")).status, 200);
  const leave = /http:\/\/havn\.test(\/status\/leave\/\S+)/.exec(mail?.message.text ?? "")?.[1] ?? "";
  assert.match((await room.inject("GET", leave)).text, /No more updates\?/);
  const form = "application/x-www-form-urlencoded";
  assert.equal((await room.inject("POST", `${leave}x`, "", form)).status, 404);
  assert.equal(mail?.message.leave, `http://havn.test${leave}`);
  // As a mail program's button does it.
  assert.equal((await room.inject("POST", leave, "List-Unsubscribe=One-Click", form)).status, 200);
  assert.equal((await room.inject("POST", leave, "", form)).status, 404);

  await clock.advance(20 * minute);
  assert.deepEqual(
    await json("POST", "/api/v1/incidents/1/resolve", { text: "A full cache; it is larger now." }),
    {
      done: true,
    },
  );
  assert.match((await room.inject("GET", "/status/shop/public/")).text, /All systems operational.*resolved/s);
  const action = { text: "alert | before it is full", owner: "ada", due: "2026-03-03" };
  const { id } = await json<{ id: number }>("POST", "/api/v1/incidents/1/actions", action);
  assert.equal(
    (await room.inject("POST", "/api/v1/incidents/1/actions", { ...action, due: "soon" })).status,
    400,
  );
  const { markdown } = await json<{ markdown: string }>("GET", "/api/v1/incidents/1/postmortem");
  for (const part of [
    /^# Postmortem: shop answers with errors$/m,
    /^- \*\*Services:\*\* shop$/m,
    /^- \*\*Acknowledged after:\*\* 10m$/m,
    /^- \*\*Mitigated after:\*\* 10m$/m,
    /^- \*\*Resolved after:\*\* 30m$/m,
    /^- \*\*Paged:\*\* ada$/m,
    /^- \*\*Roles:\*\* commander: ada$/m,
    /^1\. release 7 of shop serves \(2026-03-02 09:55:00/m,
    /^- 2026-03-02 10:00:00 bo \(chat\) on incident 1: it is the cache$/m,
    /^\| alert \\\| before it is full \| ada \| 2026-03-03 \| {2}\|$/m,
  ])
    assert.match(markdown, part);
  await clock.advance(2 * 1440 * minute);
  await room.response.sweep();
  await room.response.sweep();
  const overdue = await room.timeline.list({ kind: "incident.action-overdue" });
  assert.deepEqual(
    overdue.map(({ summary }) => summary),
    ["ada was to do by 2026-03-03: alert | before it is full (incident 1)"],
  );
  await json("POST", `/api/v1/incident-actions/${id}/done`);
  const metrics = await json<IncidentMetrics>("GET", "/api/v1/incident-metrics?zone=Europe/Oslo");
  assert.deepEqual(
    [metrics.detect.median, metrics.acknowledge.median, metrics.mitigate.median, metrics.resolve.median],
    [minute, 10 * minute, 10 * minute, 30 * minute],
  );
  assert.deepEqual(metrics.rules, [
    {
      rule: "shop-errors",
      incidents: 1,
      pages: 1 + Number(metrics.people[0]?.pages ?? 1) - 1,
      unanswered: 0,
    },
  ]);

  const past = await listPagesSince(db.sql, start);
  assert.deepEqual(
    past.map(({ incident, person, alerts }) => [incident, person, alerts[0]?.alertname]),
    metrics.people.flatMap(({ person, pages }) => Array(pages).fill([1, person, "shop-errors"])),
  );
  assert.deepEqual(await listPagesSince(db.sql, clock.now() + 1), []);

  const byHand = await json<IncidentSummary>("POST", "/api/v1/incidents", {
    ...{
      title: "checkout is slow",
      environment: "shop",
      services: ["shop"],
      severity: "critical",
      public: true,
    },
  });
  assert.equal(byHand.public, true);
  assert.match((await room.inject("GET", "/status/shop/public/")).text, /Outage/);
  const elsewhere = { title: "search is slow", environment: "shop", services: ["search"], public: true };
  await json("POST", "/api/v1/incidents", { ...elsewhere, severity: "critical" });
  assert.doesNotMatch((await room.inject("GET", "/status/shop/public/")).text, /search is slow/);
});

test("a postmortem that two edit keeps what the first wrote, and is drafted anew when that is dropped", async () => {
  await using db = await testDatabase();
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock: virtualClock(start), declared: [] },
  });
  const { id } = await room.json<IncidentSummary>("POST", "/api/v1/incidents", { title: "slow" });
  const path = `/api/v1/incidents/${id}/postmortem`;
  type Written = { markdown: string; revision: number; editedBy: string | null };
  const read = async () => room.json<Written>("GET", path);
  assert.equal((await read()).revision, 0);
  const put = (markdown: string, revision: number) => room.inject("PUT", path, { markdown, revision });
  assert.equal((await put("the cache was cold", 0)).status, 200);
  assert.equal((await put("it was DNS", 0)).status, 409);
  assert.equal((await put("the cache was cold, and DNS slow", 1)).status, 200);
  assert.equal((await put("it was DNS", 1)).status, 409);
  const { markdown, revision, editedBy } = await read();
  assert.deepEqual([markdown, revision, editedBy], ["the cache was cold, and DNS slow", 2, "user:cy"]);
  assert.equal((await room.inject("DELETE", path)).status, 200);
  assert.match((await read()).markdown, /^# Postmortem: slow/);
});

test("what somebody says of a component stands on the page until it is taken back", async () => {
  await using db = await testDatabase();
  await using directory = await temporaryDirectory();
  await using room = await openResponse({
    ...{ sql: db.sql, url: db.url, clock: virtualClock(start), statusDirectory: directory.path },
    declared: [
      declaredResource("statuspage", "public", {
        ...{ title: "Shop", visibility: "public", components: [{ name: "Search", services: ["search"] }] },
      }),
    ],
  });
  const say = (component: string, state: string, note = "") =>
    room.inject("PUT", "/api/v1/status-pages/shop/public/components", { component, state, note });
  assert.equal((await say("Nothing", "outage")).status, 404);
  assert.equal((await say("Search", "on fire")).status, 400);
  assert.equal((await say("Search", "maintenance", "<b>a new index</b>")).status, 200);
  const page = async () => (await room.inject("GET", "/status/shop/public/")).text;
  assert.match(await page(), /Maintenance is under way/);
  assert.match(await page(), /&lt;b&gt;a new index/);
  type Pages = { pages: { components: { state: string; said: { by: string } | null }[] }[] };
  const { pages } = await room.json<Pages>("GET", "/api/v1/status-pages");
  assert.deepEqual(pages[0]?.components[0]?.said?.by, "user:cy");
  await say("Search", "operational");
  assert.match(await page(), /All systems operational/);
});

test("affected: what is named, and all that stands on it", () => {
  const of = (labels: Record<string, string>) => affectedServices(graph, [{ labels }]);
  assert.deepEqual(of({ host: "web-1" }), ["shop"]);
  assert.deepEqual(of({ host: "shop/host/web-1" }), ["shop"]);
  assert.deepEqual(of({ resource: "shop/postgres.database/web-1:shop" }), ["shop"]);
  assert.deepEqual(of({ service: "blog" }), ["blog"]);
  assert.deepEqual(of({ service: "elsewhere" }), ["elsewhere"]);
  assert.deepEqual(of({ host: "web-9" }), []);
});

test("metrics: medians, pages a person and at night, noisy rules", () => {
  const hour = 60 * minute;
  const incident = (
    id: number,
    more: Partial<Parameters<typeof incidentMetrics>[0]["incidents"][number]> = {},
  ) => ({
    ...{ id, severity: "warning", title: "t", troubleAt: null, openedAt: 0, acknowledgedAt: null },
    ...{
      mitigatedAt: null,
      resolvedAt: null,
      resolvedBy: null,
      alerts: [{ labels: { alertname: "noise" } }],
    },
    ...more,
  });
  const metrics = incidentMetrics(
    {
      incidents: [
        incident(1, { resolvedAt: 10, resolvedBy: "havn" }),
        incident(2, { resolvedAt: 20, acknowledgedAt: 5, resolvedBy: "havn" }),
        incident(3, { resolvedAt: 60, alerts: [{ labels: { alertname: "fire" } }] }),
        incident(4),
      ],
      pages: [
        { incident: 1, person: "ada", at: Date.parse("2026-01-10T21:30:00Z") },
        { incident: 1, person: "ada", at: Date.parse("2026-01-11T06:30:00Z") },
        { incident: 3, person: "bo", at: Date.parse("2026-01-11T03:00:00Z") },
      ],
    },
    { from: 0, to: 14 * 24 * hour, zone: "Europe/Oslo" },
  );
  assert.deepEqual(metrics.resolve, { count: 3, median: 20, worst: 60 });
  assert.deepEqual(metrics.detect, { count: 0, median: null, worst: null });
  assert.deepEqual(metrics.people, [
    { person: "ada", pages: 2, perWeek: 1, atNight: 1 },
    { person: "bo", pages: 1, perWeek: 0.5, atNight: 1 },
  ]);
  assert.deepEqual(metrics.rules, [
    { rule: "noise", incidents: 3, pages: 2, unanswered: 1 },
    { rule: "fire", incidents: 1, pages: 1, unanswered: 0 },
  ]);
});

test("a status page: states by the worst open incident, and nothing in a text becomes markup", () => {
  const incident: PublishedIncident = {
    ...{ id: 1, title: "<b>down", severity: "warning", status: "identified", services: ["shop"] },
    ...{
      openedAt: start,
      resolvedAt: null,
      updates: [{ at: start, status: "identified", text: "we & you" }],
    },
  };
  const shop = { name: "Shop", services: ["shop"] };
  assert.equal(componentState(shop, [incident]), "degraded");
  assert.equal(componentState(shop, [incident, { ...incident, severity: "critical" }]), "outage");
  assert.equal(componentState(shop, [{ ...incident, resolvedAt: start }]), "operational");
  assert.equal(componentState({ services: ["blog"] }, [incident]), "operational");
  const files = statusFiles({ title: "S", components: [shop] }, [incident], { url: "http://s/" });
  for (const file of ["index.html", "feed.xml"] as const) {
    assert.match(files[file], /&lt;b&gt;down/);
    assert.match(files[file], /we &amp; you/);
  }
  assert.deepEqual(JSON.parse(files["status.json"]).components, [{ name: "Shop", state: "degraded" }]);
});
