import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "@havn/testkit";
import { freePorts } from "./testing/ports.ts";
import { allEnded, isAlive, kill9, processesBelow, processesOf } from "./testing/processes.ts";
import { removeHavn } from "./testing/remove.ts";
import { type ServerProcess, spawnServer, startServer } from "./testing/server.ts";

let server: ServerProcess;
before(async () => {
  server = await startServer({ dataDirectory: await mkdtemp("/tmp/havn-server-") });
});
after(async () => await server[Symbol.asyncDispose]());

describe("/readyz tells the truth", () => {
  const childOf = { clickhouse: "clickhouse/embedded/child.ts", postgres: "bin/postgres -D" } as const;
  for (const [part, mark] of Object.entries(childOf))
    test(`${part} killed: 503 that names it, then 200 again`, { timeout: 600_000 }, async () => {
      const child = processesOf(server.dataDirectory).find(({ command }) => command.includes(mark));
      assert.ok(child, `${part} runs`);
      // Stopped first, so that the fall lasts long enough to be seen whatever the machine is doing. PostgreSQL's
      // connections are processes of their own, which go on without it.
      process.kill(child.pid, "SIGSTOP");
      for (const { pid, command } of processesBelow(child.pid))
        if (command.includes("havn havn [local]")) kill9(pid);
      const down = await until(
        async () => {
          const answer = await server.call({ path: "/readyz", token: undefined });
          if (answer.status !== 503) return false;
          // On a loaded computer another part may be slow to answer, once.
          const { parts } = answer.json as { parts: Record<string, { ok: boolean }> };
          return (
            Object.entries(parts).every(([name, { ok }]) =>
              name === part ? !ok : ok || !(name in childOf),
            ) && answer
          );
        },
        { what: `503 for ${part} alone` },
      );
      const { parts } = down.json as { parts: Record<string, { ok: boolean; detail: string }> };
      assert.equal(parts[part]?.ok, false, down.text);
      assert.ok((parts[part]?.detail.length ?? 0) > 5);
      const others = Object.entries(parts).filter(([name]) => name !== part && name in childOf);
      assert.ok(
        others.every(([, { ok }]) => ok),
        down.text,
      );
      assert.equal((await server.call({ path: "/healthz", token: undefined })).status, 200);
      kill9(child.pid);
      await until(async () => (await server.call({ path: "/readyz" })).status === 200, {
        what: "200 again",
        timeoutMs: 240_000,
      });
      // Ready means that it works: what needs the part answers.
      const path = part === "postgres" ? "/api/v1/events" : "/api/v1/logs?environment=rules";
      assert.equal((await server.call({ path })).status, 200);
    });
});

describe("a server that cannot start", () => {
  for (const [name, offset] of [
    ["its port", 0],
    ["the agents' port", 1],
  ] as const)
    test(`${name} is taken: one message, nothing left running`, { timeout: 600_000 }, async (context) => {
      const dataDirectory = await mkdtemp("/tmp/havn-server-");
      context.after(() => removeHavn(dataDirectory));
      const port = await freePorts();
      const squatter = createServer().listen(port + offset, "127.0.0.1");
      await once(squatter, "listening");
      context.after(() => squatter.close());
      const { child, output } = spawnServer({ dataDirectory, port });
      const [code] = await once(child, "exit");
      assert.equal(code, 1);
      const said = output()
        .split("\n")
        .filter((line) => line.includes(`${port + offset}`));
      assert.equal(said.length, 1, output());
      assert.match(said[0] ?? "", /taken/);
      assert.doesNotMatch(output(), /\n\s+at /, "no stack");
      await allEnded(dataDirectory);
      assert.ok(!existsSync(join(dataDirectory, "server.json")));
    });

  test("a second one on the same data is refused, and the first goes on", { timeout: 600_000 }, async () => {
    const { dataDirectory } = server;
    const { child, output } = spawnServer({ dataDirectory, port: await freePorts() });
    const [code] = await once(child, "exit");
    assert.equal(code, 1);
    assert.match(output(), new RegExp(`Another control plane \\(process ${server.process.pid}\\) runs on`));
    assert.equal((await server.call({ path: "/readyz" })).status, 200);
  });
});

test("SIGTERM while it starts leaves nothing running", { timeout: 600_000 }, async (context) => {
  const dataDirectory = await mkdtemp("/tmp/havn-server-");
  context.after(() => removeHavn(dataDirectory));
  const { child, output } = spawnServer({ dataDirectory, port: await freePorts() });
  const ended = once(child, "exit");
  await until(() => processesOf(dataDirectory).some(({ command }) => command.includes("bin/postgres -D")), {
    what: "PostgreSQL to start",
    intervalMs: 5,
  });
  child.kill("SIGTERM");
  assert.equal((await ended)[0], 0, output());
  await allEnded(dataDirectory);
});

test("SIGTERM ends it and all of its children; no socket, lock or record stays", {
  timeout: 600_000,
}, async () => {
  const { dataDirectory, process: own } = server;
  const children = processesOf(dataDirectory);
  const sockets = readFileSync(join(dataDirectory, "postgres/postmaster.pid"), "utf8").split("\n")[4] ?? "";
  assert.ok(existsSync(sockets));
  assert.ok(children.length >= 3, JSON.stringify(children));
  const ended = server.end("SIGTERM");
  // Whoever stops it tells its supervisor too, which passes it on.
  server.process.kill("SIGTERM");
  assert.equal(await ended, 0, server.output());
  assert.ok(
    children.every(({ pid }) => !isAlive(pid)),
    JSON.stringify(processesOf(dataDirectory)),
  );
  assert.ok(own.pid !== undefined && !isAlive(own.pid));
  for (const name of ["server.json", "server.lock", "clickhouse/run/http.sock", "clickhouse/child.pid"])
    assert.ok(!existsSync(join(dataDirectory, name)), `${name} stays`);
  assert.ok(!existsSync(sockets), `${sockets} stays`);
});
