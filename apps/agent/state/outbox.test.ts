import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AgentEvent } from "@havn/fleet/protocol";
import { systemClock as clock } from "@havn/model";
import { createLog } from "../log.ts";
import { eventually } from "../testing.ts";
import { openOutbox } from "./outbox.ts";

const event = (key: string): AgentEvent => ({
  ...{ key, at: 1, kind: "instance.exited", severity: "warning", summary: `${key} exited`, data: {} },
});

async function folder(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "havn-outbox-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A control plane that can be away. */
function receiver() {
  const received: string[] = [];
  const state = { away: false, received };
  return {
    state,
    async send(events: AgentEvent[]) {
      if (state.away) throw new Error("away");
      received.push(...events.map(({ key }) => key));
    },
  };
}

test("events wait on disk while the control plane is away, also through a restart", async (context) => {
  const dataDirectory = await folder(context);
  const { state, send } = receiver();
  const log = createLog("error", false);
  state.away = true;
  {
    await using outbox = await openOutbox({ dataDirectory, clock, log, send });
    outbox.add(event("a"));
    outbox.add(event("b"));
    await eventually("both on disk", async () =>
      (await readFile(join(dataDirectory, "events.log"), "utf8")).includes('"b"'),
    );
  }
  // A crash cut the last line short.
  await appendFile(join(dataDirectory, "events.log"), '{"event":{"key":"cut"');
  state.away = false;
  await using outbox = await openOutbox({ dataDirectory, clock, log, send });
  assert.equal(outbox.size, 2);
  outbox.add(event("c"));
  await eventually("all sent", () => outbox.size === 0 && state.received.length === 3);
  assert.deepEqual(state.received, ["a", "b", "c"]);
  await eventually(
    "an empty file",
    async () => (await readFile(join(dataDirectory, "events.log"), "utf8")) === "",
  );
});

test("what was answered is not sent again after a restart", async (context) => {
  const dataDirectory = await folder(context);
  const { state, send } = receiver();
  const log = createLog("error", false);
  const answered = { event: event("a") };
  await appendFile(
    join(dataDirectory, "events.log"),
    `${JSON.stringify(answered)}\n${JSON.stringify({ event: event("b") })}\n${JSON.stringify({ sent: ["a"] })}\n`,
  );
  await using outbox = await openOutbox({ dataDirectory, clock, log, send });
  outbox.flush();
  await eventually("the other one", () => outbox.size === 0);
  assert.deepEqual(state.received, ["b"]);
});

test("events that the disk does not take stay in memory until it does", async (context) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "havn-outbox-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "none", dataDirectory]);
  context.after(async () => {
    if (mounted.status === 0) spawnSync("umount", [dataDirectory]);
    await rm(dataDirectory, { recursive: true, force: true });
  });
  if (mounted.status !== 0) return context.skip("needs the right to mount a file system");
  const { state, send } = receiver();
  state.away = true;
  const ballast = join(dataDirectory, "ballast");
  const said: string[] = [];
  const log = { ...createLog("error", false), error: (message: string) => void said.push(message) };
  const outbox = await openOutbox({ dataDirectory, clock, log, send });
  try {
    await writeFile(ballast, Buffer.alloc(4096));
    outbox.add(event("a"));
    await eventually("a failed write", () => said.length > 0);
    assert.match(said[0] ?? "", /ENOSPC/);
    outbox.add(event("b"));
    await rm(ballast);
    state.away = false;
    await eventually("both sent", () => state.received.length === 2);
    assert.deepEqual(state.received, ["a", "b"]);
  } finally {
    await outbox[Symbol.asyncDispose]();
  }
});
