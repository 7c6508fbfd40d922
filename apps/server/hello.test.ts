import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Apply, EnvironmentStatus, Event } from "@havn/model";
import { until } from "@havn/testkit";
import { copyExample, type ExampleCopy } from "./testing/examples.ts";
import { type Havn, openHavn } from "./testing/havn.ts";
import { allEnded, kill9, processesOf } from "./testing/processes.ts";

// The whole road of examples/hello through the command line, as a user goes it. Each step stands on the ones before.
let havn: Havn;
let example: ExampleCopy;
before(async () => {
  havn = await openHavn("hello");
  example = await copyExample("hello");
});
after(async () => {
  await havn[Symbol.asyncDispose]();
  await example[Symbol.asyncDispose]();
});

const bound = { timeout: 900_000 };
const answer = async () => (await fetch(`http://127.0.0.1:${example.port}/`)).text();
const instanceOf = (status: EnvironmentStatus) => {
  const [instance] = status.services[0]?.instances ?? [];
  assert.ok(instance, JSON.stringify(status));
  return instance;
};

describe("hello, from nothing to nothing", () => {
  test("up makes it real and tells where it is", bound, async () => {
    const { stdout } = await havn.must(["up", example.directory, "--yes"]);
    assert.match(stdout, /hello is healthy/);
    assert.match(stdout, new RegExp(`http://127\\.0\\.0\\.1:${example.port}`));
    assert.match(stdout, new RegExp(`http://127\\.0\\.0\\.1:${havn.port}/sign-in#`));
    assert.match(await answer(), /Hello from Havn/);
  });

  test("status --json shows it at a glance", bound, async () => {
    const { stdout } = await havn.must(["status", "--json"]);
    const { environments } = JSON.parse(stdout) as { environments: EnvironmentStatus[] };
    assert.equal(environments.length, 1);
    const [status] = environments;
    assert.ok(status);
    assert.equal(status.health, "healthy");
    assert.deepEqual(
      status.hosts.map(({ name, connected }) => [name, connected]),
      [["this-computer", true]],
    );
    assert.equal(instanceOf(status).health, "healthy");
    assert.equal(status.services[0]?.release?.number, 1);
    assert.deepEqual(status.alerts, []);
  });

  test("plan right after: no changes, exit 0", bound, async () => {
    const { stdout } = await havn.must(["plan", example.directory]);
    assert.match(stdout, /no changes/i);
  });

  test("kill -9 of the instance: an alert fires and resolves, it is started again", bound, async () => {
    const last = await havn.lastEventId("hello");
    const before = instanceOf(await havn.status("hello"));
    assert.ok(before.pid !== undefined && kill9(before.pid));
    const firing = await havn.event("hello", "alert.firing", { after: last });
    const resolved = await havn.event("hello", "alert.resolved", { after: firing.id });
    assert.equal(resolved.data["fingerprint"], firing.data["fingerprint"]);
    const status = await until(
      async () => {
        const now = await havn.status("hello");
        return instanceOf(now).health === "healthy" && now.health === "healthy" && now;
      },
      { what: "hello to be healthy again" },
    );
    assert.equal(instanceOf(status).restarts, 1);
    assert.notEqual(instanceOf(status).pid, before.pid);
    const kinds = (await havn.events("hello")).filter(({ id }) => id > last).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "instance.exited").length, 1, kinds.join());
    assert.equal(kinds.filter((kind) => kind === "instance.started").length, 1, kinds.join());
    assert.match((await havn.must(["events"])).stdout, /alert/i);
  });

  test("query gives Prometheus' own response", bound, async () => {
    await until(
      async () => {
        const { stdout } = await havn.must(["query", "--json", 'up{service="hello"}']);
        const response = JSON.parse(stdout) as {
          status: string;
          data: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
        };
        assert.equal(response.status, "success");
        assert.equal(response.data.resultType, "vector");
        const [sample] = response.data.result;
        return sample?.value[1] === "1" && sample.metric["job"] === "hello";
      },
      { what: "up of hello", timeoutMs: 240_000, intervalMs: 500 },
    );
    const { stdout } = await havn.must(["query", "node_memory_MemTotal_bytes"]);
    assert.match(stdout, /this-computer/);
  });

  test("logs shows what it said", bound, async () => {
    const path = `/a-request-${Date.now()}`;
    await fetch(`http://127.0.0.1:${example.port}${path}`);
    await until(async () => (await havn.must(["logs", "hello"])).stdout.includes(`GET ${path} 404`), {
      what: "the line of the request",
      timeoutMs: 240_000,
      intervalMs: 500,
    });
  });

  test(
    "a changed configuration: plan exits 2, deploy releases it, rollback and revert take it back",
    bound,
    async () => {
      await example.edit("havn.config.ts", "Hello from Havn", "Hello again");
      const { stdout } = await havn.must(["plan", example.directory], 2);
      assert.match(stdout, /GREETING/);
      await havn.must(["deploy", example.directory, "--yes"]);
      assert.match(await answer(), /Hello again/);
      const deployed = await havn.status("hello");
      assert.deepEqual(
        [deployed.services[0]?.release?.number, deployed.services[0]?.previousRelease?.number],
        [2, 1],
      );
      await havn.must(["plan", example.directory]);
      await havn.must(["rollback", "hello"]);
      assert.match(await answer(), /Hello from Havn/);
      const back = await havn.status("hello");
      assert.equal(back.services[0]?.release?.id, deployed.services[0]?.previousRelease?.id);
      await havn.must(["plan", example.directory], 2);
      await havn.must(["deploy", example.directory, "--yes"]);
      assert.match(await answer(), /Hello again/);
      await havn.must(["revert", "latest", "--yes"]);
      assert.match(await answer(), /Hello from Havn/);
      assert.equal((await havn.status("hello")).services[0]?.release?.id, back.services[0]?.release?.id);
      await havn.must(["plan", example.directory], 2);
      await havn.must(["deploy", example.directory, "--yes"]);
      assert.match(await answer(), /Hello again/);
    },
  );

  test("down stops all and keeps the data; up resumes", bound, async () => {
    const events = (await havn.events("hello")).length;
    await havn.must(["down"]);
    await allEnded(havn.dataDirectory);
    await assert.rejects(answer());
    const { stdout } = await havn.must(["up", "--yes"]);
    assert.match(stdout, /hello is healthy/);
    assert.match(await answer(), /Hello again/);
    assert.ok((await havn.events("hello")).length > events);
    await havn.must(["plan", example.directory]);
  });

  test("an agent and its instance go on while the server is away", bound, async () => {
    const before = instanceOf(await havn.status("hello"));
    const server = await havn.serverPid();
    assert.ok(server !== undefined && kill9(server));
    assert.match(await answer(), /Hello again/);
    const line = `/while-away-${Date.now()}`;
    await fetch(`http://127.0.0.1:${example.port}${line}`);
    const status = await until(
      async () => {
        const now = await havn.status("hello");
        return now.health === "healthy" && now;
      },
      { what: "the server and its agent to be back", timeoutMs: 240_000 },
    );
    assert.notEqual(await havn.serverPid(), server);
    assert.equal(instanceOf(status).pid, before.pid);
    await until(async () => (await havn.must(["logs", "hello"])).stdout.includes(line), {
      what: "the line that was spooled by the agent",
      timeoutMs: 240_000,
      intervalMs: 500,
    });
  });
});

describe("kill -9 of the server during a deploy", () => {
  for (const round of [1, 2, 3])
    test(
      `at a random moment (${round}): it finishes by itself, and nothing happens twice`,
      bound,
      async () => {
        const last = await havn.lastEventId("hello");
        const known = new Set((await havn.applies("hello")).map(({ id }) => id));
        await example.edit("havn.config.ts", "Hello", "Hello,");
        const deploy = havn.run("deploy", example.directory, "--yes");
        const apply = await until(
          async () => (await havn.applies("hello")).find(({ id }) => !known.has(id)),
          { what: "the apply", timeoutMs: 240_000, intervalMs: 5 },
        );
        const wait = Math.random() * 700;
        await sleep(wait);
        const server = await havn.serverPid();
        assert.ok(server !== undefined && kill9(server));
        const ended = await havn.applied(apply.id);
        assert.equal(ended.state, "succeeded", `killed after ${wait} ms: ${JSON.stringify(ended)}`);
        const { code, stdout, stderr } = await deploy;
        assert.equal(code, 0, `killed after ${wait} ms: ${stdout}${stderr}`);
        assertOnce(
          (await havn.events("hello")).filter(({ id }) => id > last),
          ended,
        );
        assert.match(await answer(), new RegExp(`Hello${",".repeat(round)} again`));
      },
    );
});

/** Of one deploy of one instance. */
function assertOnce(events: readonly Event[], apply: Apply): void {
  const once = [
    ...["apply.started", "apply.finished", "release.created", "rollout.started", "rollout.instance"],
    ...["rollout.finished", "instance.started"],
  ];
  for (const kind of once) {
    const found = events.filter((event) => event.kind === kind);
    assert.equal(found.length, 1, `${kind} of ${apply.id}: ${JSON.stringify(found)}`);
  }
  assert.ok(!events.some(({ kind }) => kind === "instance.exited"));
}

test("destroy leaves nothing behind", bound, async () => {
  await havn.must(["destroy", "hello", "--yes"]);
  await assert.rejects(answer());
  assert.deepEqual(
    processesOf(havn.dataDirectory).filter(({ command }) => /agent|server\.js/.test(command)),
    [],
  );
  assert.deepEqual(readdirSync(join(havn.dataDirectory, "agents")), []);
  await havn.must(["down"]);
  await allEnded(havn.dataDirectory);
  for (const name of ["server.json", "server.lock", "supervisor.pid", "clickhouse/run/http.sock"])
    assert.ok(!existsSync(join(havn.dataDirectory, name)), `${name} stays`);
});
