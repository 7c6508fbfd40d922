import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentEvent } from "@havn/fleet/protocol";
import { HavnError, systemClock } from "@havn/model";
import { eventually, packTestRelease, type TestRelease } from "../testing/release.ts";
import { createInstances, type Instances } from "./instances.ts";

interface Bench extends AsyncDisposable {
  release: TestRelease;
  events: AgentEvent[];
  lines: string[];
  directory: string;
  instances: Instances;
  /** As when the agent's process ends and a new one starts. */
  restartAgent(): Promise<void>;
}

async function openBench(): Promise<Bench> {
  const release = await packTestRelease();
  const directory = await mkdtemp(join(tmpdir(), "havn-instances-"));
  const events: AgentEvent[] = [];
  const lines: string[] = [];
  const open = () =>
    createInstances({
      stateDirectory: join(directory, "state"),
      releasesDirectory: join(directory, "releases"),
      clock: systemClock,
      fetchArtifact: () => release.fetch(),
      onChange: () => {},
      onEvent: (event) => events.push(event),
      writeLog: ({ line }) => lines.push(line),
    });
  const bench: Bench = {
    release,
    events,
    lines,
    directory,
    instances: open(),
    async restartAgent() {
      await bench.instances[Symbol.asyncDispose]();
      bench.instances = open();
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of bench.instances.list()) await bench.instances.stop(id);
      await bench.instances[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
      await release[Symbol.asyncDispose]();
    },
  };
  return bench;
}

const ask = async (port: number, path = "/") =>
  (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as { pid: number; release: string };

test("an instance starts, gets healthy, and is gone after its stop", async () => {
  await using bench = await openBench();
  const { instances, release, events, lines, directory } = bench;
  const spec = await release.spec();
  const [first, again] = await Promise.all([instances.start(spec), instances.start(spec)]);
  assert.equal(first.pid, again.pid);
  const healthy = await instances.waitHealthy(spec.id, 20_000);
  assert.equal(healthy.health, "healthy");
  assert.equal((await ask(spec.port)).pid, first.pid);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["instance.started", "instance.healthy"],
  );
  await eventually("its output", () => lines.includes("listening as one"));
  const path = join(directory, "state/instances", `${spec.id}.json`);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  await instances.stop(spec.id);
  await instances.stop(spec.id);
  await assert.rejects(ask(spec.port));
  assert.deepEqual(instances.list(), []);
  assert.deepEqual(await readdir(join(directory, "state/instances")), []);
  assert.equal(events.filter(({ kind }) => kind === "instance.exited").length, 0);
});

test("killed, it is told of at once and started again", async () => {
  await using bench = await openBench();
  const { instances, release, events } = bench;
  const spec = await release.spec();
  const { pid = 0 } = await instances.start(spec);
  await instances.waitHealthy(spec.id, 20_000);
  process.kill(pid, "SIGKILL");
  const exited = await eventually("the exit", () => events.find(({ kind }) => kind === "instance.exited"));
  assert.equal(exited.data.signal, "SIGKILL");
  const healthy = await instances.waitHealthy(spec.id, 20_000);
  assert.notEqual(healthy.pid, pid);
  assert.equal(healthy.restarts, 1);
  assert.equal((await ask(spec.port)).pid, healthy.pid);
});

test("an agent that starts again takes over what runs, and what ended meanwhile is started", async () => {
  await using bench = await openBench();
  const { release, events } = bench;
  const kept = await release.spec();
  const ended = await release.spec({ id: "web-here-bbbbbbbb", env: { NAME: "two" } });
  const missing = await release.spec({ id: "web-here-cccccccc", env: { NAME: "three" } });
  const { pid } = await bench.instances.start(kept);
  const { pid: other = 0 } = await bench.instances.start(ended);
  for (const { id } of [kept, ended]) await bench.instances.waitHealthy(id, 20_000);
  await bench.instances[Symbol.asyncDispose]();
  assert.equal((await ask(kept.port)).pid, pid);
  process.kill(other, "SIGKILL");
  events.length = 0;
  await bench.restartAgent();
  await bench.instances.resume([kept, missing]);
  await eventually("all healthy", () => {
    const reports = bench.instances.list();
    return reports.length === 3 && reports.every(({ health }) => health === "healthy");
  });
  assert.equal((await ask(kept.port)).pid, pid);
  assert.equal((await ask(ended.port)).release, "two");
  assert.equal((await ask(missing.port)).release, "three");
  assert.deepEqual(
    events.filter(({ data }) => data.instance === kept.id),
    [],
  );

  // A process that is not a child of this agent is watched, too.
  process.kill(pid ?? 0, "SIGKILL");
  await eventually("the exit", () => events.find(({ kind }) => kind === "instance.exited"));
  await bench.instances.waitHealthy(kept.id, 20_000);
});

test("what does not get healthy says why, with its last lines and without its secrets", async () => {
  await using bench = await openBench();
  const { instances, release } = bench;
  const sick = await release.spec({ env: { SICK: "1", NAME: "ill", SECRET_WORD: "sesame-open" } });
  await instances.start(sick);
  await assert.rejects(instances.waitHealthy(sick.id, 1500), (error) => {
    assert.ok(error instanceof HavnError);
    assert.match(error.message, /\/healthz answers 500/);
    assert.match(error.detail, /listening as ill/);
    assert.match(error.detail, /the word is \*\*\*/);
    return true;
  });
  const falling = await release.spec({
    id: "web-here-ffffffff",
    command: ["node", "-e", "throw Error('no way')"],
  });
  await instances.start(falling);
  await assert.rejects(instances.waitHealthy(falling.id, 60_000), (error) => {
    assert.ok(error instanceof HavnError);
    assert.match(error.message, /ended 5 times: exited with code 1/);
    assert.match(error.detail, /no way/);
    return true;
  });
});

test("what answers and falls a moment later never counts as healthy", async () => {
  await using bench = await openBench();
  const { instances, release } = bench;
  const answers =
    "require('node:http').createServer((_, r) => r.end()).listen(process.env.PORT, process.env.HOST)";
  const brief = await release.spec({
    command: ["node", "-e", `${answers}; setTimeout(() => process.exit(7), 1000)`],
  });
  await instances.start(brief);
  await assert.rejects(instances.waitHealthy(brief.id, 60_000), /ended 5 times: exited with code 7/);
  assert.ok(bench.events.some(({ kind }) => kind === "instance.healthy"));
});

test("a port that another program has is a clear error, and nothing is left behind", async () => {
  await using bench = await openBench();
  const { instances, release } = bench;
  const spec = await release.spec();
  const other = createServer().listen(spec.port, "127.0.0.1");
  try {
    await assert.rejects(instances.start(spec), /Port \d+ is taken/);
  } finally {
    other.close();
  }
  assert.deepEqual(instances.list(), []);
  await assert.rejects(
    instances.start({ ...spec, command: ["/no/such/program"] }),
    (error) => error instanceof HavnError && /ENOENT/.test(error.detail),
  );
  assert.deepEqual(instances.list(), []);
});

test("an instance that hangs is restarted", async () => {
  await using bench = await openBench();
  const { instances, release, events } = bench;
  const spec = await release.spec({
    health: { path: "/healthz", interval: "50ms", timeout: "100ms" },
    stopGrace: "1s",
  });
  const { pid } = await instances.start(spec);
  await instances.waitHealthy(spec.id, 20_000);
  await fetch(`http://127.0.0.1:${spec.port}/hang`);
  await eventually("unhealthy", () => events.find(({ kind }) => kind === "instance.unhealthy"));
  await eventually(
    "a new process",
    () => events.filter(({ kind }) => kind === "instance.healthy").length === 2,
  );
  assert.notEqual((await ask(spec.port)).pid, pid);
});
