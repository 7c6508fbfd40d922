import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer, type Identity } from "@havn/http";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory } from "@havn/testkit";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure, infrastructureRoutes } from "./index.ts";
import { declared, fileOn, graphOf, hostNamed, testSurroundings } from "./testing/environment.ts";

/** A real server whose callers are the role that their token names. */
async function serve() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  const directory = stack.use(await temporaryDirectory("routes"));
  const workflows = stack.use(
    await openWorkflows({ sql: database.sql, postgresUrl: database.url, executorId: "test" }),
  );
  const { options } = testSurroundings(directory.path);
  const infrastructure = await createInfrastructure({ ...options, sql: database.sql, workflows });
  await workflows.launch();
  const decide = ({ role }: Identity, action: string) => role === "admin" || action !== "environment:destroy";
  const server = stack.use(
    await createHttpServer({
      routes: infrastructureRoutes(infrastructure, { decide }),
      access: {
        authenticate: async ({ authorization = "" }) => {
          const role = authorization.endsWith("admin") ? "admin" : "operator";
          return { id: role, actor: `user:${role}`, role, via: "token" };
        },
        decide,
        audit: async () => {},
      },
      logger: { info: () => {}, warn: () => {}, error: console.error },
    }),
  );
  const { url } = await server.listen({ port: 0 });
  return {
    infrastructure,
    path: directory.path,
    async call(method: string, path: string, body?: unknown, role = "operator") {
      const headers = { authorization: `Bearer ${role}`, "content-type": "application/json" };
      const response = await fetch(`${url}/api/v1${path}`, {
        ...{ method, headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      // biome-ignore lint/suspicious/noExplicitAny: the answers are what is tested
      return { status: response.status, body: (await response.json()) as any };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("plan, apply, look, and who may destroy", async () => {
  await using havn = await serve();
  const graph = graphOf(hostNamed("web-1"), fileOn("web-1", `${havn.path}/f`, { content: "x" }));
  const plan = await havn.call("POST", "/plans", { graph });
  assert.equal(plan.status, 200);
  assert.deepEqual((await havn.call("GET", `/plans/${plan.body.id}`)).body, plan.body);
  const apply = await havn.call("POST", "/applies", { planId: plan.body.id, kind: "deploy" });
  assert.equal(apply.status, 202);
  assert.equal(apply.body.actor, "user:operator");
  assert.equal(apply.body.kind, "deploy");
  await havn.infrastructure.applies.finished(apply.body.id);
  assert.equal((await havn.call("GET", `/applies/${apply.body.id}`)).body.state, "succeeded");
  assert.deepEqual(
    (await havn.call("GET", "/applies?environment=shop")).body.applies.map(({ id }: { id: string }) => id),
    [apply.body.id],
  );
  assert.equal((await havn.call("GET", "/environments/shop/graph")).body.resources.length, 2);
  assert.deepEqual((await havn.call("GET", "/environments/shop/drift?refresh=true")).body.drift, []);

  const alone = declared("alert", "up", { properties: { expr: "up", summary: "up" } });
  for (const graph of [graphOf(), graphOf(alone), graphOf(hostNamed("another"), alone)]) {
    const emptying = await havn.call("POST", "/plans", { graph });
    assert.equal(emptying.body.summary.delete, 2);
    assert.equal((await havn.call("POST", "/applies", { planId: emptying.body.id })).status, 403);
  }

  const destroy = await havn.call("POST", "/plans", { destroy: "shop" });
  assert.equal(destroy.body.summary.delete, 2);
  const refused = await havn.call("POST", "/applies", { planId: destroy.body.id });
  assert.equal(refused.status, 403);
  const allowed = await havn.call("POST", "/applies", { planId: destroy.body.id }, "admin");
  assert.equal(allowed.status, 202);
  assert.equal((await havn.infrastructure.applies.finished(allowed.body.id)).state, "succeeded");
});

test("bad input: a status and a sentence each", async () => {
  await using havn = await serve();
  const unsound = await havn.call("POST", "/plans", { graph: graphOf(fileOn("nowhere", "/f", {})) });
  assert.equal(unsound.status, 400);
  assert.match(unsound.body.error.diagnostics[0].summary, /Unknown host "nowhere"/);
  for (const [method, path, body, status] of [
    ["POST", "/plans", { graph: { version: 2 } }, 400],
    ["POST", "/plans", { destroy: "never" }, 404],
    ["GET", "/plans/none", undefined, 404],
    ["POST", "/applies", { planId: "none" }, 404],
    ["GET", "/applies/none", undefined, 404],
    ["GET", "/environments/never/graph", undefined, 404],
  ] as const) {
    const answer = await havn.call(method, path, body);
    assert.equal(answer.status, status, path);
    assert.ok(answer.body.error.summary.length > 0);
  }
});
