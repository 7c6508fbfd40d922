import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Apply, Plan, Problem } from "@havn/model";
import { until } from "@havn/testkit";
import { WebSocket } from "ws";
import { type ServerProcess, startServer } from "./testing/server.ts";

const routesFile = "routes-of-the-server";
let server: ServerProcess;
before(async () => {
  const dataDirectory = await mkdtemp("/tmp/havn-server-");
  server = await startServer({
    dataDirectory,
    nodeOptions: ["--import", new URL("./testing/list-routes.ts", import.meta.url).href],
    environment: { HAVN_ROUTES_FILE: join(dataDirectory, routesFile) },
  });
});
after(async () => await server[Symbol.asyncDispose]());

interface Operation {
  security: unknown[];
  "x-havn-action"?: string;
}

/** Declared public, and why that is right. A status page answers only where it was declared public. */
const publicRoutes = new Map([
  ...["GET", "POST"].flatMap((method) =>
    ["", "/start", "/finish", "/fail"].map((end): [string, string] => [
      `${method} /heartbeat/:token${end}`,
      "the token in its path is what allows it",
    ]),
  ),
  ["GET /healthz", "tells only that the process lives"],
  ["GET /readyz", "names parts, no data"],
  ["GET /api/v1/openapi.json", "describes the API"],
  ["POST /api/v1/sessions", "a one-time code is the proof"],
  ["GET /answer/:token", "whoever was paged holds the link; opening it answers nothing"],
  ["POST /answer/:token", "the link is one person's, for one page"],
  ["POST /answer/:token/voice", "the same link, by a key that is pressed on the phone"],
  ["GET /runbook/:token", "whoever was asked holds the link; opening it answers nothing"],
  ["POST /runbook/:token", "the link is one person's, for one question"],
  ["GET /calendar/:token/oncall.ics", "its address is signed: calendars can show nothing else"],
  ["GET /status/:environment/:name/", "what was declared public"],
  ["GET /status/:environment/:name/:file", "what was declared public"],
  ["GET /status/leave/:token", "the link is one subscriber's; opening it changes nothing"],
  ["POST /status/leave/:token", "the link is one subscriber's, and good for leaving"],
  ["GET /ping", "tells only that something answers"],
  ["GET /assets/:name", "code of the page"],
  ["GET /*", "the page without data"],
]);

/** An address of its own for each failure: too many of one are slowed down, which another test is about. */
let callers = 2;
const nextCaller = () => `127.0.0.${callers++}`;

async function documented(): Promise<Map<string, Operation>> {
  const { json } = await server.call({ path: "/api/v1/openapi.json", token: undefined });
  const { paths } = json as { paths: Record<string, Record<string, Operation>> };
  return new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
        operation,
      ]),
    ),
  );
}

function registered(): string[] {
  const lines = readFileSync(join(server.dataDirectory, routesFile), "utf8").split("\n");
  assert.ok(lines.length > 30, "the list of routes is whole");
  return lines.filter((line) => !line.startsWith("HEAD "));
}

const fill = (path: string) =>
  path.replace(":digest", "0".repeat(64)).replaceAll(/:\w+/g, "x").replace("*", "x");
const problem = (json: unknown) => (json as Problem).error;
/** What a failure says first: in Havn's own form, in Prometheus' or in Alertmanager's. */
const summaryOf = (json: unknown) => {
  if (typeof json === "string") return json;
  const { error } = json as { error: Problem["error"] | string };
  return typeof error === "string" ? error : error.summary;
};

describe("every door", () => {
  test("declares its action or why it is public, and is in the API's description", async () => {
    const operations = await documented();
    for (const name of registered()) {
      if (name === "GET /*") continue; // the page itself; the description leaves wildcards out
      const operation = operations.get(name);
      assert.ok(operation, `${name} answers and is not described: was it added around the route kit?`);
      const action = operation["x-havn-action"];
      if (publicRoutes.has(name)) assert.deepEqual(operation.security, [], `${name} is public`);
      else assert.match(action ?? "", /^[a-z-]+:[a-z-]+$/, `${name} declares no action`);
    }
    for (const name of operations.keys()) assert.ok(registered().includes(name), `${name} is not served`);
  });

  test("refuses who shows nothing, and who shows a wrong token", { timeout: 600_000 }, async () => {
    for (const name of registered()) {
      if (publicRoutes.has(name)) continue;
      const [method = "", path = ""] = name.split(" ");
      const anonymous = await server.call({ method, path: fill(path), token: undefined });
      assert.equal(anonymous.status, 401, `${name} answers an anonymous caller`);
      assert.match(summaryOf(anonymous.json), /^Nobody is signed in/);
      const wrong = await server.call({ method, path: fill(path), token: "havn_wrong", from: nextCaller() });
      assert.equal(wrong.status, 401, `${name} answers a wrong token`);
      assert.match(summaryOf(wrong.json), /^The token is not valid/);
    }
  });

  test("lets a viewer change nothing, and an operator neither destroy nor give access", async () => {
    const viewer = await server.createToken("viewer");
    const operator = await server.createToken("operator");
    const operations = await documented();
    const changes: string[] = [];
    for (const [name, { "x-havn-action": action }] of operations) {
      const [method = "", path = ""] = name.split(" ");
      if (action === undefined || action.endsWith(":read") || action === "session:delete") continue;
      // Telemetry comes thousands of times an hour: taken in without an entry each.
      if (!/^(metric|log):write$/.test(action)) changes.push(action);
      const { status, json } = await server.call({ method, path: fill(path), token: viewer });
      assert.equal(status, 403, `${name} lets a viewer in`);
      assert.ok(summaryOf(json).includes(action));
      if (!/^(token|sign-in-link|server):/.test(action)) continue;
      const tried = await server.call({ method, path: fill(path), token: operator });
      assert.equal(tried.status, 403, `${name} lets an operator in`);
    }
    assert.ok(changes.length >= 8, changes.join());
    const { entries } = (await server.call({ path: "/api/v1/audit?limit=1000" })).json as {
      entries: { outcome: string; action: string }[];
    };
    for (const action of changes)
      assert.ok(
        entries.some((entry) => entry.action === action && entry.outcome === "denied"),
        `the refusal of ${action} is in the audit log`,
      );
  });

  test("live topics too: no connection without an identity, no topic that is not declared", async () => {
    const url = `ws://127.0.0.1:${server.port}/api/v1/live`;
    for (const headers of [{}, { authorization: "Bearer havn_wrong" }]) {
      const socket = new WebSocket(url, { headers, localAddress: nextCaller() });
      const [, response] = await once(socket, "unexpected-response");
      assert.equal(response.statusCode, 401);
      response.resume();
      socket.on("error", () => undefined).terminate();
    }
    const viewer = await server.createToken("viewer");
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${viewer}` } });
    const answers = new Map<string, Record<string, unknown>>();
    socket.on("message", (data) => {
      const answer = JSON.parse(String(data)) as Record<string, unknown>;
      answers.set(String(answer["subscribed"] ?? answer["topic"]), answer);
    });
    await once(socket, "open");
    const topics = ["events", "events:shop", "status:shop", "logs:shop:shop", "secrets:shop", "audit"];
    for (const topic of topics) socket.send(JSON.stringify({ subscribe: topic }));
    await until(() => answers.size === topics.length, { what: "an answer to each" });
    for (const topic of topics)
      if (/^(secrets|audit)/.test(topic))
        assert.match(JSON.stringify(answers.get(topic)), /There is no topic/);
      else assert.equal(answers.get(topic)?.["subscribed"], topic);
    socket.terminate();
  });

  test("slows down who keeps guessing, and only that address", async () => {
    const from = nextCaller();
    const statuses: number[] = [];
    for (let guess = 0; guess < 25; guess++)
      statuses.push((await server.call({ path: "/api/v1/session", token: `guess-${guess}`, from })).status);
    assert.ok(statuses.includes(429), statuses.join());
    assert.equal((await server.call({ path: "/api/v1/session" })).status, 200);
  });
});

/** An environment that needs no host: one rule. */
const ruleGraph = (environment: string, expr: string) => ({
  version: 1,
  environment,
  resources: [
    {
      ...{ address: `${environment}/alert/rule`, type: "alert", name: "rule", dependsOn: [] },
      properties: { expr, for: "1m", severity: "warning", summary: "a rule" },
    },
  ],
});

describe("bad input gets one clear message", () => {
  const cases: [name: string, call: Parameters<ServerProcess["call"]>[0], status: number, summary: RegExp][] =
    [
      [
        "malformed JSON",
        { method: "POST", path: "/api/v1/plans", body: '{"graph": ' },
        400,
        /^The body is not valid JSON$/,
      ],
      ["no body", { method: "POST", path: "/api/v1/plans" }, 400, /body/],
      ["a wrong shape", { method: "POST", path: "/api/v1/plans", body: { destroy: 7 } }, 400, /body/],
      [
        "a wrong shape inside",
        { method: "POST", path: "/api/v1/plans", body: { graph: { version: 1 } } },
        400,
        /body/,
      ],
      [
        "a body that is no JSON",
        { method: "POST", path: "/api/v1/plans", body: "a=1", headers: { "content-type": "text/plain" } },
        415,
        /does not take that kind of body/,
      ],
      [
        "a wrong token",
        { path: "/api/v1/events", token: "havn_x", from: "127.0.0.250" },
        401,
        /token is not valid/,
      ],
      ["an unknown environment", { path: "/api/v1/environments/nowhere/status" }, 404, /"nowhere"/],
      ["its graph", { path: "/api/v1/environments/nowhere/graph" }, 404, /"nowhere"/],
      ["its drift", { path: "/api/v1/environments/nowhere/drift" }, 404, /"nowhere"/],
      [
        "a rollback of what is not there",
        { method: "POST", path: "/api/v1/environments/nowhere/rollback", body: { service: "shop" } },
        404,
        /nowhere/,
      ],
      [
        "destroying what is not there",
        { method: "POST", path: "/api/v1/plans", body: { destroy: "nowhere" } },
        404,
        /"nowhere"/,
      ],
      [
        "an unknown plan",
        { method: "POST", path: "/api/v1/applies", body: { planId: "plan-x" } },
        404,
        /plan-x/,
      ],
      ["an unknown plan to read", { path: "/api/v1/plans/plan-x" }, 404, /plan-x/],
      ["an unknown apply", { path: "/api/v1/applies/apply-x" }, 404, /apply-x/],
      ["a token that is not there", { method: "DELETE", path: "/api/v1/tokens/7" }, 404, /token/i],
      ["an unknown path", { path: "/api/v1/nothing" }, 404, /Nothing answers GET/],
      ["an unknown method", { method: "PUT", path: "/api/v1/plans" }, 404, /Nothing answers PUT/],
      ["a query that does not parse", { path: "/api/v1/events?limit=many" }, 400, /query/],
      [
        "a sign-in with a wrong code",
        { method: "POST", path: "/api/v1/sessions", body: { code: "no" } },
        401,
        /./,
      ],
    ];
  for (const [name, call, status, summary] of cases)
    test(name, async () => {
      const answer = await server.call(call);
      assert.equal(answer.status, status, answer.text);
      assert.match(problem(answer.json).summary, summary);
      assert.ok(problem(answer.json).detail.length > 5, `no word on what to do: ${answer.text}`);
    });

  test("a body of 100 MB", { timeout: 600_000 }, async () => {
    const body = `{"graph": "${"x".repeat(100_000_000)}"}`;
    for (const headers of [{}, { "transfer-encoding": "chunked" }] as Record<string, string>[]) {
      const answer = await server.call({ method: "POST", path: "/api/v1/plans", body, headers });
      assert.equal(answer.status, 413, answer.text);
      assert.match(problem(answer.json).summary, /too large|larger/i);
    }
    assert.equal((await server.call({ path: "/readyz" })).status, 200);
  });

  test("a plan that is out of date changes nothing", { timeout: 600_000 }, async () => {
    const plan = async (expr: string) => {
      const body = { graph: ruleGraph("rules", expr) };
      const answer = await server.call({ method: "POST", path: "/api/v1/plans", body });
      assert.equal(answer.status, 200, answer.text);
      return answer.json as Plan;
    };
    const [first, second] = [await plan("up == 0"), await plan("up == 1")];
    const apply = (planId: string) =>
      server.call({ method: "POST", path: "/api/v1/applies", body: { planId } });
    const started = await apply(first.id);
    assert.equal(started.status, 202, started.text);
    await until(
      async () => {
        const { json } = await server.call({ path: `/api/v1/applies/${(started.json as Apply).id}` });
        assert.notEqual((json as Apply).state, "failed", JSON.stringify(json));
        return (json as Apply).state === "succeeded";
      },
      { what: "the apply" },
    );
    const late = await apply(second.id);
    assert.equal(late.status, 409);
    assert.equal(problem(late.json).summary, "This plan is out of date");
    const again = await plan("up == 0");
    assert.equal(again.changes.filter(({ action }) => action !== "no-op").length, 0);
  });
});
