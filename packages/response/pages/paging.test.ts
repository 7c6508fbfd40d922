import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import type { Channel, Resource } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { until, virtualClock } from "@havn/testkit";
import { createTimeline } from "@havn/timeline";
import { openWorkflows } from "@havn/workflows";
import { createResponse, type Notification } from "../index.ts";
import type { Message } from "../notifiers/index.ts";
import { withoutRunbooks } from "../testing/room.ts";
import { answerToken, readAnswer } from "./answers.ts";
import { decide, type PageState } from "./decide.ts";

const minute = 60_000;
const ntfy = (name: string): Channel => ({ kind: "ntfy", url: `http://ntfy.test/${name}` });
const steps = { step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work() };

function resource(type: string, name: string, properties: Record<string, unknown>): Resource {
  return { address: `shop/${type}/${name}`, type, name, properties, dependsOn: [] };
}

const declared = [
  resource("contact", "ada", {
    ways: [{ via: ntfy("ada") }, { via: { kind: "slack", url: "http://slack.test/ada" } }],
  }),
  resource("contact", "bo", { ways: [{ via: ntfy("bo") }] }),
  resource("escalation", "shop", {
    levels: [
      { targets: [{ kind: "person", name: "ada" }], timeout: "5m" },
      { targets: [{ kind: "person", name: "bo" }], timeout: "5m" },
    ],
    acknowledgedFor: "30m",
  }),
  resource("receiver", "oncall", {
    escalation: "shop",
    channels: [{ kind: "slack", url: "http://slack.test/all" }],
  }),
];

const notification = (id: string, state: "firing" | "resolved"): Notification => ({
  id,
  receiver: "shop/receiver/oncall",
  group: "g",
  reason: state === "firing" ? "first" : "all resolved",
  at: 0,
  alerts: [
    {
      state,
      labels: { alertname: "down", severity: "critical" },
      annotations: { summary: "shop is down" },
      startsAt: 0,
    },
  ],
});

interface Found {
  incident: { state: string };
  pages: { id: string }[];
  attempts: Record<
    "person" | "channel" | "number" | "acceptedAt" | "openedAt" | "acknowledgedAt" | "failure",
    unknown
  >[];
  /** No attempt is under way. */
  settled: boolean;
}

async function openRoom(broken: (url: string) => boolean = () => false) {
  const db = await testDatabase();
  const clock = virtualClock();
  const workflows = await openWorkflows({ sql: db.sql, postgresUrl: db.url, executorId: "test" });
  const timeline = await createTimeline({ sql: db.sql, clock });
  const sent: { to: string; message: Message }[] = [];
  const response = await createResponse({
    ...{ sql: db.sql, clock, workflows, timeline, answerKey: "key", ...withoutRunbooks },
    resolve: async (_environment, value) => value,
    publicUrl: () => "http://havn.test",
    async send(channel, message) {
      const to = "url" in channel ? String(channel.url).slice(7).replace(".test", "") : channel.kind;
      if (broken(to)) throw new Error("connect ECONNREFUSED");
      sent.push({ to, message });
      return "answered 200";
    },
  });
  await workflows.launch();
  const change = { address: "", type: "", action: "create" as const, changes: [] };
  for (const one of declared) await response.executor.apply(steps, change, one, {});
  const server = await createHttpServer({
    access: {
      authenticate: async () => ({ id: "1", actor: "user:cy", role: "admin", via: "token" }),
      decide: () => true,
      audit: async () => {},
    },
    routes: response.routes,
  });
  return {
    ...{ clock, response, sent, timeline, server },
    to: () => sent.map(({ to }) => to).filter((to) => to !== "slack/all"),
    /** Waits until so many people were told, and every workflow sleeps. */
    told: (count: number) =>
      until(() => sent.filter(({ to }) => to !== "slack/all").length >= count && clock.sleepers > 0, {
        what: `${count} to be told; were ${sent.map(({ to }) => to).join(", ")}`,
      }),
    /** The first incident, once it is as wanted. */
    incident: (wanted: (found: Found) => boolean): Promise<Found> =>
      until(
        async () => {
          const answer = await server.inject({ method: "GET", url: "/api/v1/incidents/1" });
          const found = JSON.parse(answer.body) as Omit<Found, "settled">;
          const settled = found.attempts.every((one) => one.acceptedAt !== null || one.failure !== null);
          return wanted({ ...found, settled }) && { ...found, settled };
        },
        { what: "the incident" },
      ),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await workflows[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

const pathOf = (message: Message | undefined) => message?.url.replace("http://havn.test", "") ?? "";

test("a page asks level after level until someone answers; the answer runs out, and the end ends it", async () => {
  await using room = await openRoom();
  await room.response.deliver([notification("n1", "firing")]);
  await room.response.deliver([notification("n1", "firing")]);
  await room.told(1);
  await room.clock.advance(5 * minute);
  await room.told(2);
  assert.deepEqual(room.to(), ["ntfy/ada", "ntfy/bo"]);
  const link = pathOf(room.sent.find(({ to }) => to === "ntfy/bo")?.message);
  // A mail scanner opens it.
  const shown = await room.server.inject({ method: "GET", url: link });
  assert.match(shown.body, /I am on it \(bo\)/);
  const form = {
    method: "POST" as const,
    url: link,
    headers: { host: "127.0.0.1", "content-type": "application/x-www-form-urlencoded" },
  };
  assert.equal((await room.server.inject(form)).statusCode, 200);
  assert.equal((await room.server.inject(form)).statusCode, 409);
  assert.equal((await room.server.inject({ ...form, url: `${link}x` })).statusCode, 404);
  const { incident, attempts } = await room.incident((found) => found.settled);
  assert.equal(incident.state, "acknowledged");
  assert.deepEqual(
    attempts.map((one) => [one.person, one.openedAt !== null, one.acknowledgedAt !== null]),
    [
      ["ada", false, false],
      ["bo", true, true],
    ],
  );
  await until(() => room.clock.sleepers === 1, { what: "the page to wait for the answer to run out" });
  await room.clock.advance(29 * minute);
  assert.equal(room.to().length, 2);
  await room.clock.advance(minute);
  await room.told(3);
  assert.equal(room.to().at(-1), "ntfy/ada");
  assert.notEqual(pathOf(room.sent.at(-1)?.message), link);
  await room.response.deliver([notification("n2", "resolved")]);
  await until(() => room.clock.sleepers === 0, { what: "the page to end" });
  assert.equal((await room.incident(() => true)).incident.state, "resolved");
  // After its end, a new incident.
  await room.response.deliver([notification("n3", "firing")]);
  await room.told(4);
  const { incidents } = JSON.parse(
    (await room.server.inject({ method: "GET", url: "/api/v1/incidents" })).body,
  );
  assert.deepEqual(
    incidents.map((one: { id: number; state: string }) => [one.id, one.state]),
    [
      [2, "open"],
      [1, "resolved"],
    ],
  );
  await room.response.deliver([notification("n4", "resolved")]);
  await until(() => room.clock.sleepers === 0, { what: "the second page to end" });
});

test("a way that fails is tried with growing pauses, then the next; each try can be seen; others are not held up", async () => {
  await using room = await openRoom((to) => to === "ntfy/ada");
  await room.response.deliver([notification("n1", "firing")]);
  await until(() => room.clock.sleepers === 2, { what: "the first pause" });
  await room.clock.advance(5000);
  await until(() => room.clock.sleepers === 2, { what: "the second pause" });
  await room.clock.advance(20_000);
  await room.told(1);
  assert.deepEqual(room.to(), ["slack/ada"]);
  const { attempts, pages } = await room.incident((found) => found.attempts.length === 4 && found.settled);
  assert.deepEqual(
    attempts.map((one) => `${one.channel} ${one.number} ${one.failure ?? "accepted"}`).sort(),
    [
      "ntfy 0 connect ECONNREFUSED",
      "ntfy 1 connect ECONNREFUSED",
      "ntfy 2 connect ECONNREFUSED",
      "slack 0 accepted",
    ],
  );
  // Someone who was not asked answers, and that stands there.
  const acknowledge = { method: "POST" as const, url: `/api/v1/pages/${pages[0]?.id}/acknowledge` };
  assert.equal(JSON.parse((await room.server.inject(acknowledge)).body).done, true);
  const [event] = await room.timeline.list({ kind: "page.acknowledged" });
  assert.match(event?.summary ?? "", /user:cy answered .* without having been asked/);
  await room.server.inject({ method: "POST", url: "/api/v1/incidents/1/resolve" });
  await until(() => room.clock.sleepers === 0, { what: "the page to end" });
});

test("a webhook that fails for an hour: its notice comes when it is back, once; people are paged meanwhile", async () => {
  let broken = true;
  await using room = await openRoom((to) => to === "slack/all" && broken);
  await room.response.deliver([notification("n1", "firing")]);
  await room.told(1);
  assert.deepEqual(room.to(), ["ntfy/ada"]);
  const all = () => room.sent.filter(({ to }) => to === "slack/all");
  // The page waits and the notice does: whoever advanced while one of them works would leave it behind.
  const paused = () => room.clock.sleepers === 2;
  await until(paused, { what: "the first pause" });
  // Three tries, then a minute, five minutes, a quarter of an hour, half an hour: each time three tries.
  for (let passed = 0; passed < 60 * minute; passed += minute / 4) {
    await room.clock.advance(minute / 4);
    await until(paused, { what: "the next pause" });
  }
  assert.equal(all().length, 0);
  const [delayed] = await room.timeline.list({ kind: "notice.delayed" });
  assert.match(delayed?.summary ?? "", /slack took no notice yet, it is tried again for two hours: critical/);
  broken = false;
  await until(
    async () => {
      if (paused()) await room.clock.advance(minute);
      return all().length > 0;
    },
    { what: "the notice", timeoutMs: 240_000 },
  );
  assert.equal(all()[0]?.message.subject, "critical: shop is down");
  assert.deepEqual(await room.timeline.list({ kind: "notice.failed" }), []);
  assert.ok(room.to().includes("ntfy/bo"));
  await room.server.inject({ method: "POST", url: "/api/v1/incidents/1/resolve" });
  await until(() => room.clock.sleepers === 0, { what: "the page to end" });
  assert.equal(all().length, 1);
});

test("people who are removed while their page is open: it is told, and everyone else is asked", async () => {
  await using room = await openRoom();
  await room.response.deliver([notification("n1", "firing")]);
  await room.told(1);
  const gone = declared[1];
  assert.ok(gone);
  await room.response.executor.remove(steps, gone, {});
  await room.clock.advance(5 * minute);
  await room.told(2);
  assert.deepEqual(room.to(), ["ntfy/ada", "ntfy/ada"]);
  const [said] = await until(
    async () => {
      const events = await room.timeline.list({ kind: "page.undelivered" });
      return events.length > 0 && events;
    },
    { what: "that bo is gone" },
  );
  assert.match(said?.summary ?? "", /bo is not declared any more, and was not paged about incident 1/);
  await room.response.deliver([notification("n2", "resolved")]);
  await until(() => room.clock.sleepers === 0, { what: "the page to end" });
});

test("decisions: only an answer or the end stops a page, and a standstill skips nobody and repeats nobody", () => {
  const level = { people: [], timeout: 5 * minute };
  const page: PageState = {
    state: "open",
    levels: [level, level],
    round: 0,
    level: 0,
    askedAt: null,
    acknowledgedUntil: null,
  };
  assert.deepEqual(decide(page, 0), { kind: "ask", round: 0, level: 0, because: "it began" });
  assert.deepEqual(decide({ ...page, askedAt: 0 }, 1), { kind: "wait", until: 5 * minute });
  assert.equal(decide({ ...page, askedAt: 0 }, 1e9).kind, "ask");
  assert.deepEqual(decide({ ...page, level: 1, askedAt: 0 }, 1e9), {
    kind: "ask",
    round: 1,
    level: 0,
    because: "nobody answered on any level",
  });
  assert.deepEqual(decide({ ...page, round: 9, askedAt: 0 }, 1), { kind: "wait", until: 40 * minute });
  const acknowledged = { ...page, state: "acknowledged" as const, acknowledgedUntil: 100 };
  assert.deepEqual(decide(acknowledged, 99), { kind: "wait", until: 100 });
  assert.equal(decide(acknowledged, 100).kind, "ask");
  assert.deepEqual(decide({ ...page, state: "resolved" }, 0), { kind: "end" });
});

test("an answer's token is its own, and nobody else's", () => {
  const answer = { page: "p", person: "ada", round: 1 };
  const token = answerToken(answer, "key");
  assert.deepEqual(readAnswer(token, "key"), answer);
  for (const wrong of [token.slice(1), `${token}x`, "", "a.b", answerToken(answer, "other")])
    assert.equal(readAnswer(wrong, "key"), undefined, wrong);
});
