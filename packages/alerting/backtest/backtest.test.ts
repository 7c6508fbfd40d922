import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import type { Labels } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { context, openRoom, resource, steps } from "../testing.ts";

const noChange = { address: "", type: "", action: "create" as const, changes: [] };
const second = 1000;
const minute = 60 * second;
const open = {
  authenticate: async () => ({ id: "1", actor: "token:t", role: "admin" as const, via: "token" as const }),
  decide: () => true,
  audit: async () => {},
};

/** Chance that is the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Told {
  result?: {
    evaluations: number;
    onlyPending: number;
    episodes: { labels: Labels; summary: string; firingSince: number; resolvedAt?: number }[];
    told: {
      at: number;
      receiver: string;
      reason: string;
      asked: { people: { person: string }[]; channels: string[] };
    }[];
    heldBack: { silencedBy: string[]; inhibitedBy: string[] }[];
    failures: { message: string }[];
    drawn: { upper: (number | null)[] }[];
  };
  error?: { message: string };
  progress?: number;
}

async function ask(server: Awaited<ReturnType<typeof createHttpServer>>, body: object): Promise<Told[]> {
  const answer = await server.inject({
    method: "POST",
    url: "/api/v1/rules/test",
    headers: { "content-type": "application/json", authorization: "Bearer t" },
    payload: JSON.stringify(body),
  });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.body
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

test("a replay finds what the server told, over random histories", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const declared = [
    resource("shop/alert/high", { expr: "load > 5", for: "20s", summary: "{{ $labels.host }}" }),
    resource("shop/alert/kept", { expr: "load > 7", keepFiringFor: "30s", summary: "{{ $value }}" }),
    resource("shop/alert/flaps", { expr: "load > 4", summary: "now" }),
    resource("shop/alert/unusual", {
      ...{ expr: "load", summary: "{{ $facts.upper }}" },
      detect: { kind: "band", season: "2m", seasons: 3, window: "20s", deviations: 1 },
    }),
    resource("shop/alert/doubled", {
      ...{ expr: "load", summary: "{{ $facts.median }}", interval: "10s" },
      detect: { kind: "ratio", season: "3m", seasons: 2, window: "30s", above: 1.5 },
    }),
    resource("shop/alert/soon", {
      ...{ expr: "load", summary: "{{ $value }}" },
      detect: { kind: "forecast", over: "2m", within: "1m", reaches: 9, towards: "up" },
    }),
  ];
  for (const one of declared) await alerting.executor.apply(steps, noChange, one, context);
  const random = chance(7);
  const hosts = ["a", "b", "c"];
  const from = Math.ceil((room.clock.now() + 1) / 5000) * 5000;
  await room.clock.advance(from - room.clock.now());
  const state = new Map(hosts.map((host) => [host, 3]));
  for (let i = 0; i < 120; i++) {
    for (const host of hosts) {
      const next = Math.max(0, Math.min(10, (state.get(host) ?? 0) + (random() - 0.5) * 5));
      state.set(host, next);
      if (random() < 0.97)
        room.metrics.add({ __name__: "load", env: "shop", host }, [
          { timestamp: room.clock.now(), value: next },
        ]);
    }
    await alerting.evaluate();
    await room.clock.advance(5 * second);
  }
  const until = from + 119 * 5 * second;
  await using server = await createHttpServer({ routes: alerting.routes, access: open });
  const events = await room.timeline.list({ kind: "alert", after: 0, limit: 1000 });
  for (const { name } of declared) {
    const answered = await ask(server, { environment: "shop", rule: name, from, until });
    const result = answered.at(-1)?.result;
    assert.ok(result, JSON.stringify(answered.at(-1)));
    const replayed = result.episodes
      .flatMap(({ labels, firingSince, resolvedAt }) => [
        `${firingSince} firing ${labels.host}`,
        ...(resolvedAt === undefined ? [] : [`${resolvedAt} resolved ${labels.host}`]),
      ])
      .sort();
    // All are evaluated every time here, whatever their interval.
    if (name === "doubled") continue;
    const told = events
      .filter(({ data }) => data.rule === name)
      .map(({ at, kind, data }) => `${at} ${kind.slice(6)} ${(data.labels as Labels).host}`)
      .sort();
    assert.ok(told.length > 1, `${name}: ${told.length}`);
    assert.deepEqual(replayed, told, name);
    assert.equal(result.evaluations, name === "doubled" ? 60 : 120);
  }
});

test("whom it would have paged: groups, silences, what holds others back; overrides; what cannot be evaluated", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql, {
    whom: (receiver, at) => ({
      channels: ["webhook"],
      people: [{ person: at % 2 === 0 ? "ada" : "bo", because: receiver }],
    }),
  });
  const alerting = await room.open();
  await alerting.executor.apply(
    steps,
    noChange,
    resource("shop/route/main", { receiver: "duty", groupWait: "10s", groupInterval: "1m" }),
    context,
  );
  const from = Math.ceil(room.clock.now() / minute) * minute;
  const samples = (host: string, values: readonly number[]) =>
    room.metrics.add(
      { __name__: "load", env: "shop", host },
      values.map((value, i) => ({ timestamp: from + i * minute, value })),
    );
  samples("a", [1, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1]);
  samples("b", [1, 1, 9, 1, 1, 1, 1, 1, 1, 1, 1]);
  const until = from + 10 * minute;
  await using server = await createHttpServer({ routes: alerting.routes, access: open });
  const alert = { name: "high", properties: { expr: "load > 5", summary: "{{ $labels.host }} is busy" } };
  const last = async (body: object) => {
    const lines = await ask(server, { environment: "shop", from, until, ...body });
    return lines.at(-1) ?? {};
  };
  const { result } = await last({ alert });
  assert.deepEqual(
    result?.episodes.map(({ summary, firingSince, resolvedAt }) => [
      summary,
      (firingSince - from) / minute,
      ((resolvedAt ?? 0) - from) / minute,
    ]),
    [
      ["a is busy", 1, 4],
      ["b is busy", 2, 3],
    ],
  );
  assert.deepEqual(
    result?.told.map(({ at, reason, asked }) => [(at - from) / second, reason, asked.people[0]?.person]),
    [
      [70, "first", "ada"],
      [130, "more firing", "ada"],
      [190, "some resolved", "ada"],
      [250, "all resolved", "ada"],
    ],
  );
  assert.deepEqual(result?.drawn[0]?.upper[0], 5);
  const longer = await last({ alert, overrides: { for: "2m" } });
  assert.deepEqual(
    longer.result?.episodes.map(({ summary }) => summary),
    ["a is busy"],
  );
  assert.equal(longer.result?.onlyPending, 1);
  const both = {
    group: {
      name: "web",
      rule: "Busy",
      properties: {
        ...{ group: "web", file: "web.yml", interval: "1m" },
        rules: [{ alert: "Busy", expr: "load > 5", labels: { severity: "page" } }],
      },
    },
  };
  const grouped = await last(both);
  assert.equal(grouped.result?.episodes.length, 2, JSON.stringify(grouped));
  await room.timeline.write({
    kind: "alert.firing",
    at: from,
    environment: "shop",
    summary: "Host a is lost",
    address: "shop/host/a",
    data: {
      ...{ rule: "host lost", fingerprint: "f", labels: { host: "a" }, severity: "critical" },
      ...{ activeSince: from, firingSince: from },
    },
  });
  const held = await last({ alert });
  assert.equal(held.result?.heldBack[0]?.inhibitedBy.length, 1);
  assert.deepEqual(
    held.result?.told.map(({ at }) => (at - from) / second),
    [130, 190],
  );
  const failing = await last({
    alert: { name: "bad", properties: { expr: "load > on (env) load", summary: "s" } },
  });
  assert.match(failing.result?.failures[0]?.message ?? "", /many-to-many matching not allowed/);
  const wrong = await last({ alert: { name: "bad", properties: { expr: "load >", summary: "s" } } });
  assert.match(wrong.error?.message ?? "", /parse error/);
  const often = await last({ ...both, overrides: { interval: "1ms" }, until: from + 60 * minute });
  assert.match(often.error?.message ?? "", /at most 2500000 evaluations/);
  assert.match((await last({ rule: "none" })).error?.message ?? "", /no alerting rule "none"/);
});
