import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { createHttpServer, type HttpServer } from "@havn/http";
import { dashboardProperties, type NewEvent, type Resource, systemClock } from "@havn/model";
import { type TestDatabase, testDatabase } from "@havn/postgres/testing";
import { createInsight, type Insight } from "./index.ts";

const key = { environment: "shop", name: "front" };
const board = (title: string) =>
  dashboardProperties.parse({ title, panels: [{ kind: "timeseries", queries: [{ expr: "up" }] }] });
const resource = (title: string): Resource => ({
  ...{ address: "shop/dashboard/front", type: "dashboard", name: "front", dependsOn: [] },
  properties: board(title),
});
const steps = { step: <T>(_name: string, work: () => Promise<T>) => work() };
const context = { actor: "user:apply" };

describe("dashboards", () => {
  let database: TestDatabase;
  let insight: Insight;
  let events: NewEvent[] = [];
  const timeline = { write: async (event: NewEvent) => void events.push(event) };
  before(async () => {
    database = await testDatabase();
  });
  async function fresh() {
    await database.sql.unsafe("drop schema if exists insight cascade");
    insight = await createInsight({ sql: database.sql, clock: systemClock, timeline });
    events = [];
  }
  const apply = async (title: string) => {
    const { action } = await insight.executor.plan(resource(title), undefined);
    await insight.executor.apply(
      steps,
      { address: "shop/dashboard/front", type: "dashboard", action, changes: [] },
      resource(title),
      context,
    );
    return action;
  };
  const remove = () => insight.executor.remove(steps, resource(""), context);
  const now = () => insight.dashboards.get(key);
  async function edit(title: string, settled = false) {
    const revision = (await insight.dashboards.find(key))?.revision;
    return insight.dashboards.edit(key, { content: board(title), actor: "user:ada", revision, settled });
  }

  test("is declared, changed by the configuration, and goes with it", async () => {
    await fresh();
    assert.equal(await apply("One"), "create");
    assert.equal(await apply("One"), "no-op");
    assert.equal(await apply("Two"), "update");
    assert.deepEqual(
      await insight.dashboards.list("shop"),
      [{ ...(await now()), title: "Two", state: "declared", panels: 1 }].map(
        ({ dashboard: _, ...summary }) => summary,
      ),
    );
    await remove();
    assert.equal(await insight.dashboards.find(key), undefined);
    assert.equal((await insight.executor.plan(undefined, resource(""))).action, "no-op");
  });

  test("an edit stands beside what is declared, and no apply overwrites it", async () => {
    await fresh();
    await apply("One");
    const edited = await edit("Mine");
    assert.deepEqual([edited.state, edited.title, edited.declared?.title], ["edited", "Mine", "One"]);
    assert.equal(await apply("One"), "no-op");
    assert.equal(await apply("Two"), "update");
    const conflict = await now();
    assert.deepEqual([conflict.state, conflict.title, conflict.declared?.title], ["conflict", "Mine", "Two"]);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["dashboard.edited", "dashboard.conflict"],
    );
    assert.equal((await edit("Mine, again")).state, "conflict");
    assert.equal((await edit("Mine, seen", true)).state, "edited");
  });

  test("what is taken over into the configuration is no edit any more", async () => {
    await fresh();
    await apply("One");
    await edit("Mine");
    await apply("Mine");
    assert.equal((await now()).state, "declared");
    await edit("Other");
    await edit("Mine");
    assert.equal((await now()).state, "declared", "edited back to what is declared");
  });

  test("an edit is discarded, and is still what it was when the configuration drops it", async () => {
    await fresh();
    await apply("One");
    const { revision } = await edit("Mine");
    const after = await insight.dashboards.discard(key, { actor: "user:ada", revision });
    assert.deepEqual([after?.state, after?.title], ["declared", "One"]);
    await edit("Mine");
    await remove();
    assert.deepEqual([(await now()).state, (await now()).title], ["own", "Mine"]);
    await apply("One");
    assert.equal((await now()).state, "conflict", "declared beside one that was there");
  });

  test("two who edit at the same time: the second is told, and nothing is lost", async () => {
    await fresh();
    const { revision } = await edit("One");
    const both = await Promise.allSettled(
      ["Two", "Three"].map((title) =>
        insight.dashboards.edit(key, { content: board(title), actor: `user:${title}`, revision }),
      ),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const refused = both.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    assert.match(String(refused.reason), /was changed meanwhile by user:(Two|Three)/);
    assert.equal(refused.reason.status, 409);
  });

  test("the last hundred versions are kept, and nothing that is larger than a dashboard may be", async () => {
    await fresh();
    for (let version = 0; version < 103; version++) await edit(`Version ${version}`);
    const versions = await insight.dashboards.history(key);
    assert.equal(versions.length, 100);
    const oldest = versions.at(-1)?.revision ?? 0;
    assert.equal((await insight.dashboards.version(key, oldest)).title, "Version 3");
    await assert.rejects(insight.dashboards.version(key, oldest - 1), { status: 404 });
    const panels = Array.from({ length: 12 }, () => ({ kind: "text", text: "x".repeat(100_000) }));
    assert.match(
      dashboardProperties.safeParse({ panels }).error?.message ?? "",
      /a dashboard is at most 1 MiB as JSON: make several of it/,
    );
  });

  test("everything is undone from the history, also a removal", async () => {
    await fresh();
    const first = await edit("One");
    const second = await edit("Two");
    assert.equal(
      await insight.dashboards.discard(key, { actor: "user:ada", revision: second.revision }),
      undefined,
    );
    assert.deepEqual(
      (await insight.dashboards.history(key)).map(({ what }) => what),
      ["removed", "edited", "edited"],
    );
    const back = await insight.dashboards.restore(key, { actor: "user:ada", revision: first.revision });
    assert.deepEqual([back.title, back.state], ["One", "own"]);
    assert.equal(events.at(-1)?.kind, "dashboard.restored");
    await insight.prune();
    assert.equal((await insight.dashboards.history(key)).length, 4);
  });

  describe("over HTTP", () => {
    let server: HttpServer;
    before(async () => {
      await fresh();
      const identity = { actor: "user:ada", role: "admin" as const };
      server = await createHttpServer({
        routes: insight.routes,
        access: {
          authenticate: async () => identity as never,
          decide: () => true,
          audit: async () => undefined,
        },
      });
    });
    const call = async (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) => {
      const answer = await server.inject({
        ...{ method, url: `/api/v1/dashboards${path}` },
        ...(body !== undefined && {
          payload: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        }),
      });
      return { status: answer.statusCode, json: answer.body === "" ? undefined : JSON.parse(answer.body) };
    };

    test("a dashboard of Grafana is looked at, imported once, and exported as TypeScript", async () => {
      const grafana = JSON.parse(
        await readFile(new URL("../grafana/testdata/hosts.json", import.meta.url), "utf8"),
      );
      const preview = await call("POST", "/shop", { grafana, preview: true });
      assert.equal(preview.status, 200, JSON.stringify(preview.json));
      assert.equal((await call("GET", "?environment=shop")).json.dashboards.length, 0);
      const saved = await call("POST", "/shop", { grafana });
      assert.equal(saved.json.saved.state, "own");
      const { name } = saved.json;
      const again = await call("POST", "/shop", { grafana });
      assert.equal(again.status, 409);
      assert.match(again.json.error.summary, /already/);
      assert.equal((await call("POST", "/shop", { grafana, replace: true })).status, 200);
      const { json } = await call("GET", `/shop/${name}/export`);
      assert.match(
        json.typescript,
        new RegExp(`^import \\{ dashboard \\} from "havn";\n\ndashboard\\("${name}", \\{`),
      );
      assert.equal((await call("POST", "/shop", { grafana: { title: "x" } })).status, 400);
    });

    test("what does not fit is refused, and changes nothing", async () => {
      const wrong = { title: "x", panels: [{ kind: "piechart" }] };
      const answer = await call("PUT", "/shop/wrong", { dashboard: wrong });
      assert.equal(answer.status, 400);
      assert.match(JSON.stringify(answer.json), /kind/);
      assert.equal((await call("GET", "/shop/wrong")).status, 404);
      const unknown = await call("PUT", "/shop/wrong", { dashboard: board("x"), revision: 12 });
      assert.equal(unknown.status, 409);
      const script = { title: "x", links: [{ title: "x", url: "javascript:alert(1)" }] };
      assert.equal((await call("PUT", "/shop/wrong", { dashboard: script })).status, 400);
    });
  });
});
