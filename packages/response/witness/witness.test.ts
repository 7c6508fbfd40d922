import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory, until, virtualClock } from "@havn/testkit";
import type { Message } from "../notifiers/index.ts";
import { readWitnessConfig } from "./config.ts";
import { decide, newWatchState, pinged, restarted, type WatchState } from "./decide.ts";
import { openWitness } from "./witness.ts";

const minute = 60_000;
const watch = { silentFor: 2 * minute, backFor: 3 * minute, repeat: 30 * minute };

/** What is told, minute by minute, for pings in these minutes. */
function story(pings: (minute: number) => boolean, minutes: number): string[] {
  let state: WatchState = newWatchState(0);
  const told: string[] = [];
  for (let now = 0; now <= minutes; now++) {
    if (pings(now)) state = pinged(watch, state, now * minute);
    const decision = decide(watch, state, now * minute);
    state = decision.state;
    if (decision.tell) told.push(`${now}: ${decision.tell}`);
  }
  return told;
}

test("silence is told once, again after a while, and its end only when pings have come for a while", () => {
  assert.deepEqual(
    story(() => true, 100),
    [],
  );
  assert.deepEqual(
    story((now) => now < 10, 50),
    ["12: silent", "42: still silent"],
  );
  assert.deepEqual(
    story((now) => now < 10 || now > 20, 60),
    ["12: silent", "24: back"],
  );
  // Flapping: a ping now and then is no recovery, and no second page.
  assert.deepEqual(
    story((now) => now < 10 || now % 4 === 0, 40),
    ["15: silent"],
  );
  assert.deepEqual(
    story(() => false, 10),
    ["3: silent"],
  );
});

test("a clock that is set back, or a witness that was away itself, makes nothing silent", () => {
  const state = pinged(watch, newWatchState(0), 100 * minute);
  const back = decide(watch, state, 10 * minute);
  assert.deepEqual([back.tell, back.state.lastPing], [undefined, 10 * minute]);
  const again = restarted(state, 1000 * minute);
  assert.equal(decide(watch, again, 1001 * minute).tell, undefined);
  assert.equal(decide(watch, again, 1003 * minute).tell, "silent");
});

const token = "a-token-of-sixteen";
const config = (channels: unknown[] = [{ kind: "ntfy", url: "http://ntfy.test/a" }]) =>
  JSON.stringify({ watch: [{ name: "main", token: { $env: "TOKEN" } }], channels });

test("pings come in, silence is told over every channel until each took it, and none of it is lost by a restart", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "witness.json");
  await writeFile(
    file,
    config([
      { kind: "ntfy", url: "http://ntfy.test/a" },
      { kind: "slack", url: "http://slack.test/" },
    ]),
  );
  const clock = virtualClock();
  const sent: string[] = [];
  let broken = true;
  const open = async () =>
    openWitness({
      config: await readWitnessConfig(file, { TOKEN: token }),
      ...{ directory: join(directory.path, "state"), clock, listen: { host: "127.0.0.1", port: 0 } },
      log: () => {},
      async send(channel, message: Message) {
        if (broken && channel.kind === "slack") throw new Error("no way out");
        sent.push(`${channel.kind}: ${message.subject}`);
        return "ok";
      },
    });
  {
    await using witness = await open();
    const ping = (path: string, method = "POST") =>
      fetch(`http://127.0.0.1:${witness.port}/ping/${path}`, { method }).then(({ status }) => status);
    assert.equal(await ping(`main/${token}`), 204);
    assert.equal(await ping(`main/${token}`, "GET"), 404);
    assert.equal(await ping("main/another-token-of-it"), 404);
    assert.equal(await ping(`other/${token}`), 404);
    await clock.advance(2 * minute);
    assert.deepEqual(sent, []);
    await clock.advance(3000);
    await until(() => sent.length > 0, { what: "the first channel to be told" });
    assert.deepEqual(sent, ["ntfy: Havn main is silent"]);
  }
  broken = false;
  await using witness = await open();
  await clock.advance(6 * minute);
  await until(() => sent.length > 1, { what: "the second channel to be told" });
  assert.deepEqual(sent, ["ntfy: Havn main is silent", "slack: Havn main is silent"]);
  for (let n = 0; n < 4; n++) {
    const { status } = await fetch(`http://127.0.0.1:${witness.port}/ping/main/${token}`, { method: "POST" });
    await until(() => clock.sleepers > 0, { what: "the witness to look again" });
    assert.equal(status, 204);
    await clock.advance(minute);
  }
  await until(() => sent.length > 3, { what: "both to hear that it is back" });
  assert.deepEqual(sent.slice(2).toSorted(), ["ntfy: Havn main is back", "slack: Havn main is back"]);
});

test("a configuration that is wrong is told of before anything starts", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "witness.json");
  await assert.rejects(readWitnessConfig(file, {}), /ENOENT|is no configuration/);
  for (const [content, why] of [
    ["{", /JSON/],
    [config(), /TOKEN is not set/],
    [config([]).replace('{"$env":"TOKEN"}', '"short"'), /16 characters/],
    [config([{ kind: "pigeon" }]).replace('{"$env":"TOKEN"}', `"${token}"`), /kind/],
  ] as const) {
    await writeFile(file, content);
    await assert.rejects(readWitnessConfig(file, {}), (error: Error & { detail?: string }) =>
      why.test(`${error.detail}`),
    );
  }
});
