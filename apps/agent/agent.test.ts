import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { applyHost, eventually, hostResource, openTestFleet, steps } from "./testing.ts";

const web = hostResource("shop", "web-1");
const limit = { timeout: 600_000 };

test("an agent of this computer enrols, reports, and leaves nothing behind", limit, async (context) => {
  const opened = await openTestFleet(context);
  const { fleet, timeline, dataDirectory } = opened;
  const [, executor] = fleet.executors;
  assert.equal((await executor?.plan(web, undefined))?.action, "create");
  await applyHost(fleet, web);
  const [status] = await fleet.status("shop");
  assert.equal(status?.connected, true);
  assert.equal(status?.ip, "127.0.0.1");
  assert.equal(status?.facts?.cpus, (await import("node:os")).cpus().length);
  assert.equal((await executor?.plan(web, web))?.action, "no-op");
  await eventually(
    "host.connected",
    async () => (await timeline.list({ kind: "host.connected" })).length === 1,
  );
  const own = join(dataDirectory, "agents", "shop-web-1");
  assert.equal((await stat(join(own, "identity.pem"))).mode & 0o777, 0o600);
  await assert.rejects(stat(join(own, "token")), "the token is removed once it is used");

  const facts = await fleet.hosts.call(web.address, "facts.read", {});
  assert.equal(facts.hostname, (await import("node:os")).hostname());
  const supervisor = JSON.parse(await readFile(join(own, "supervisor.json"), "utf8")) as { pid: number };
  await executor?.remove(steps, web, { applyId: "a", actor: "test", tell: () => {} });
  assert.throws(() => process.kill(supervisor.pid, 0), { code: "ESRCH" });
  await assert.rejects(stat(own));
  assert.deepEqual(await fleet.status("shop"), []);
  const rows = await opened.sql`select 1 from fleet.certificate where revoked_at is null`;
  assert.equal(rows.length, 0);
});

test("what a host shall be reaches it now, or when it is back", limit, async (context) => {
  const opened = await openTestFleet(context, {
    resolve: async (_, value) =>
      JSON.parse(JSON.stringify(value).replaceAll('{"$secret":"word"}', '"resolved"')),
  });
  await applyHost(opened.fleet, web);
  const file = join(opened.dataDirectory, "agents", "shop-web-1", "desired.json");
  const held = async () =>
    JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as {
      revision?: number;
      secrets?: unknown;
      resources?: unknown;
    };
  const check = (value: unknown) => [
    {
      address: "shop/file/web-1:/x",
      type: "unknown",
      name: "x",
      properties: { content: value },
      dependsOn: [],
    },
  ];
  await opened.fleet.desired.put(web.address, "mode", "off");
  await opened.fleet.desired.put(web.address, "resources", check({ $secret: "word" }));
  await eventually("the resolved state", async () => JSON.stringify(await held()).includes('"resolved"'));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const kept = await opened.sql`select sections::text as text from fleet.desired`;
  assert.match(kept[0]?.text, /\$secret/, "the database never holds a secret");

  await opened.fleet.desired.put(web.address, "resources", check({ $secret: "word" }));
  const { revision } = await held();
  const stale = { ...(await held()), revision: (revision ?? 0) - 1 };
  await assert.rejects(
    opened.fleet.hosts.call(web.address, "desired.put", stale as never),
    /Revision .* is older than/,
  );
  await opened.close();
  const again = await opened.restart();
  await again.desired.put(web.address, "secrets", { "shop/file/web-1:/x": ["content"] });
  await again.hosts.waitConnected(web.address, 30_000);
  await eventually(
    "the state after reconnecting",
    async () => (await held()).revision === (revision ?? 0) + 1,
  );
  assert.deepEqual((await held()).secrets, { "shop/file/web-1:/x": ["content"] });
});

test("an agent that is killed is started again, and comes to rest when asked", limit, async (context) => {
  const opened = await openTestFleet(context);
  await applyHost(opened.fleet, web);
  const own = join(opened.dataDirectory, "agents", "shop-web-1");
  const supervisor = JSON.parse(await readFile(join(own, "supervisor.json"), "utf8")) as { pid: number };
  const children = `/proc/${supervisor.pid}/task/${supervisor.pid}/children`;
  const agentPid = async () => Number((await readFile(children, "utf8")).trim().split(" ")[0]);
  const killed = await agentPid();
  process.kill(killed, "SIGKILL");
  await eventually("another agent", async () => {
    const pid = await agentPid().catch(() => killed);
    return pid > 0 && pid !== killed;
  });
  await eventually("its connection", () => opened.fleet.hosts.isConnected(web.address));
  await opened.fleet.standDown();
  assert.throws(() => process.kill(supervisor.pid, 0), { code: "ESRCH" });
  const again = await opened.restart();
  await again.hosts.waitConnected(web.address, 30_000);
  const kinds = (await opened.timeline.list({ kind: "host.lost" })).map(({ data }) => data.reason);
  assert.ok(!kinds.includes("it did not come back"), "standing down on purpose is no loss");
});

test("a damaged agent is bootstrapped anew, with a new certificate", limit, async (context) => {
  const opened = await openTestFleet(context);
  await applyHost(opened.fleet, web);
  const own = join(opened.dataDirectory, "agents", "shop-web-1");
  await opened.fleet.standDown();
  const { rm, writeFile } = await import("node:fs/promises");
  await rm(join(own, "identity.pem"));
  await writeFile(join(own, "desired.json"), "{ half");
  await opened.restart();
  await applyHost(opened.fleet, web);
  assert.ok(opened.fleet.hosts.isConnected(web.address));
  const rows = await opened.sql`select revoked_because from fleet.certificate order by issued_at`;
  assert.deepEqual(
    rows.map((row) => row.revoked_because),
    ["enrolled again", null],
  );
});
