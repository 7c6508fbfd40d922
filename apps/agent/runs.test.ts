import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { encodeFiles } from "@havn/fleet/copy";
import { type HostRun, type Run, type RunEvent, type RunTask, runEventSchema } from "@havn/model";
import { applyHost, eventually, hostResource, openTestFleet, type TestFleet } from "./testing.ts";

const secret = "correct-horse-battery";

type OnEvent = (event: RunEvent, bytes: Buffer) => void;

async function follow(stream: Readable, onEvent: OnEvent = () => {}): Promise<Run> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const event = runEventSchema.parse(JSON.parse(rest.toString("utf8", 0, end)));
      if (event.kind === "finished") return event.run;
      const next = end + 1 + (event.kind === "content" ? event.length : 0);
      if (rest.length < next) break;
      onEvent(event, rest.subarray(end + 1, next));
      rest = rest.subarray(next);
    }
  }
  throw new Error("the run did not finish");
}

const never = new AbortController().signal;
const actor = "user:test";

function runner({ fleet }: TestFleet) {
  const { runs } = fleet;
  const create = (hosts: string, task: RunTask, concurrency = 50) =>
    runs.create({ hosts, task, concurrency, actor, environment: "shop" });
  async function go(run: Run, onEvent?: OnEvent): Promise<Map<string, HostRun>> {
    await follow(await runs.start(run.id, never), onEvent);
    const { results } = await runs.get(run.id, { output: true });
    return new Map(results.map((result) => [result.host.split("/").at(-1) ?? "", result]));
  }
  return { runs, create, go };
}

const command = (...words: string[]): RunTask => ({ kind: "command", command: words, shell: false });
const script = (text: string, more: { timeoutMs?: number } = {}): RunTask => ({
  kind: "command",
  command: [text],
  shell: true,
  ...more,
});

test("commands and copies on hosts", async (context) => {
  const opened = await openTestFleet(context, { secretValues: async () => [secret] });
  const folder = await mkdtemp(join(tmpdir(), "havn-runs-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  // A host that was declared, and whose agent never came.
  await opened.sql`insert into fleet.host (address, environment, name, properties, created_at)
    values ('shop/host/away', 'shop', 'away', '{"via":{"kind":"this-computer"},"labels":{},"mode":"noop"}', 0)`;
  for (const name of ["web-1", "web-2"]) await applyHost(opened.fleet, hostResource("shop", name));
  const { runs, create, go } = runner(opened);

  await context.test("arguments reach the command as they are, and what it writes comes back", async () => {
    const words = ["$HOME; `id`", "two\nlines", ""];
    const results = await go(await create("web-*", command("printf", "<%s>", ...words)));
    for (const name of ["web-1", "web-2"]) {
      assert.equal(results.get(name)?.state, "ok");
      assert.equal(results.get(name)?.stdout, "<$HOME; `id`><two\nlines><>");
    }
  });

  await context.test("exit codes, signals, missing programs and time limits are told", async () => {
    const ends = async (task: RunTask) => {
      const { state, code, signal, error } = (await go(await create("web-1", task))).get("web-1") ?? {};
      return { state, code, signal, error };
    };
    assert.deepEqual(await ends(script("exit 3")), {
      state: "failed",
      code: 3,
      signal: undefined,
      error: undefined,
    });
    assert.equal((await ends(script("kill -9 $$"))).signal, "SIGKILL");
    assert.match((await ends(command("/no/such"))).error ?? "", /There is no program \/no\/such/);
    assert.match((await ends(script("sleep 600", { timeoutMs: 300 }))).error ?? "", /longer than 0.3 s/);
  });

  await context.test("a secret is masked in output, command and timeline, however it is cut", async () => {
    const halves = [secret.slice(0, 9), secret.slice(9)];
    const task = script(
      `printf %s '${halves[0]}'; sleep 0.05; printf '%s\\n' '${halves[1]}'; echo ${secret} >&2`,
    );
    let streamed = "";
    const run = await create("web-1", task);
    const result = (
      await go(run, (event) => {
        if (event.kind === "output") streamed += event.text;
      })
    ).get("web-1");
    assert.equal(result?.state, "ok");
    const told = JSON.stringify([
      result,
      await runs.get(run.id, { output: true }),
      await opened.timeline.list({}),
    ]);
    assert.ok(!`${streamed}${told}`.includes(secret));
    await assert.rejects(runs.again(run.id, { failedOnly: false, actor }), /held a secret/);
  });

  await context.test("standard input goes to every host, larger than a pipe holds", async () => {
    const text = "0123456789abcdef".repeat(200_000);
    const run = await create("web-*", command("md5sum"));
    await runs.input(run.id, Readable.from([text], { objectMode: false }), never);
    const results = await go(run);
    assert.equal(results.get("web-1")?.stdout, results.get("web-2")?.stdout);
    assert.match(results.get("web-1")?.stdout ?? "", /^[0-9a-f]{32} {2}-\n$/);
    // Whoever reads nothing of it does no harm, and it is there for the next time.
    const again = await runs.again(run.id, { failedOnly: false, actor });
    assert.equal((await go(again)).get("web-2")?.stdout, results.get("web-2")?.stdout);
    const unread = await create("web-1", command("true"));
    await runs.input(unread.id, Readable.from([text], { objectMode: false }), never);
    assert.equal((await go(unread)).get("web-1")?.state, "ok");
  });

  await context.test("who stops listening stops the command and what it started", async () => {
    const pids = join(folder, "pids");
    const stop = new AbortController();
    const run = await create(
      "web-1",
      script(`sleep 600 & echo $! > ${pids}; echo $$ >> ${pids}; echo begun; wait`),
    );
    const stream = await runs.start(run.id, stop.signal);
    const ended = follow(stream, (event) => {
      if (event.kind === "output") stop.abort(new Error("Ctrl-C"));
    });
    await ended.catch(() => {});
    const found = (await readFile(pids, "utf8")).trim().split("\n");
    assert.equal(found.length, 2);
    await eventually("the end of both", () => found.every((pid) => !isAlive(Number(pid))));
    const recorded = await eventually("its record", async () => {
      const now = await runs.get(run.id, { output: true });
      return now.state === "stopped" && now;
    });
    assert.equal(recorded.results[0]?.state, "stopped");
    await assert.rejects(runs.start(run.id, never), /is stopped/);
  });

  await context.test("much output is taken as it is read, and its ends are kept", async () => {
    let bytes = 0;
    const run = await create("web-1", command("seq", "1", "1000000"));
    const result = (
      await go(run, (event) => {
        if (event.kind === "output") bytes += event.text.length;
      })
    ).get("web-1");
    assert.equal(bytes, 6_888_896);
    assert.equal(result?.bytes, 6_888_896);
    assert.ok(result?.stdout?.startsWith("1\n2\n") && result.stdout.endsWith("\n1000000\n"));
  });

  await context.test("what a command leaves behind does not hold it up", async () => {
    const result = (await go(await create("web-1", script("sleep 600 & echo $!")))).get("web-1");
    assert.equal(result?.state, "ok");
    process.kill(Number(result?.stdout));
  });

  await context.test("a host that is away is told, and again --failed goes to it alone", async () => {
    const run = await create("web-1 | away", command("echo", "here"));
    const results = await go(run);
    assert.equal(results.get("away")?.state, "away");
    assert.equal(results.get("web-1")?.state, "ok");
    const again = await runs.again(run.id, { failedOnly: true, actor });
    assert.deepEqual(
      again.results.map(({ host }) => host),
      ["shop/host/away"],
    );
  });

  await context.test("files go to hosts and come back as they were", async () => {
    await writeFile(join(folder, "note"), "for the host\n", { mode: 0o640 });
    const destination = join(folder, "there");
    const to = await create("web-1", { kind: "copy-to", destination });
    await runs.input(to.id, Readable.from(encodeFiles([join(folder, "note")]), { objectMode: false }), never);
    assert.equal((await go(to)).get("web-1")?.state, "ok");
    assert.equal(await readFile(destination, "utf8"), "for the host\n");
    let content = "";
    const from = await create("web-2", { kind: "copy-from", source: destination });
    await go(from, (event, bytes) => {
      if (event.kind === "content") content += bytes.toString("utf8");
    });
    assert.match(content, /"type":"begin"[\s\S]*for the host\n[\s\S]*"type":"end"/);
    const nowhere = await create("web-1", { kind: "copy-to", destination: join(folder, "no/such/place") });
    await runs.input(nowhere.id, Readable.from(encodeFiles([destination]), { objectMode: false }), never);
    assert.match((await go(nowhere)).get("web-1")?.error ?? "", /its folder does not exist/);
  });

  await context.test("a control plane that ended in the middle says so", async () => {
    const run = await create("web-1", script("sleep 600"));
    const ready = await create("web-1", command("true"));
    void (await runs.start(run.id, never)).resume();
    await eventually(
      "its start",
      async () => (await runs.get(run.id, { output: false })).results[0]?.state === "running",
    );
    const fleet = await opened.restart();
    assert.equal((await fleet.runs.get(run.id, { output: false })).results[0]?.state, "lost");
    assert.equal((await fleet.runs.get(ready.id, { output: false })).state, "interrupted");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
