import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type RunbookRun, type RunbookStep, systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory, until } from "@havn/testkit";
import type { AlertChange } from "../index.ts";
import { declaredResource, openResponse, outcome, type RoomOptions } from "../testing/room.ts";
import { whyNotStarted } from "./guards.ts";
import { questionToken, readQuestionToken } from "./tokens.ts";

/** A runbook whose code the command line would have put together from `steps(async (step, trigger) => { … })`. */
const runbook = (name: string, body: string, more: Record<string, unknown> = {}) =>
  declaredResource("runbook", name, {
    steps: {
      module: "runbooks.ts",
      export: "it",
      code: `export default { body: async (step, trigger) => {${body}} };`,
    },
    ...more,
  });

async function openRoom(declared: RoomOptions["declared"], more: Partial<RoomOptions> = {}) {
  const db = await testDatabase();
  const room = await openResponse({ sql: db.sql, url: db.url, clock: systemClock, declared, ...more });
  type Shown = { run: RunbookRun; steps: RunbookStep[] };
  const show = (id: string) => room.json<Shown>("GET", `/api/v1/runbook-runs/${id}`);
  return {
    ...room,
    ...{ db, show },
    start: (name: string, body: Record<string, unknown> = {}) =>
      room.json<RunbookRun>("POST", `/api/v1/runbooks/shop/${name}/runs`, body),
    ended: (id: string) =>
      until(
        async () => {
          const found = await show(id);
          return found.run.endedAt !== null && found;
        },
        { what: `run ${id} to end`, timeoutMs: 120_000 },
      ),
    /** The step that waits for an answer. */
    asks: (id: string) =>
      until(async () => (await show(id)).steps.find(({ question }) => question !== null), {
        what: `run ${id} to ask`,
        timeoutMs: 120_000,
      }),
    runs: async () => (await room.json<{ runs: RunbookRun[] }>("GET", "/api/v1/runbook-runs")).runs,
    async [Symbol.asyncDispose]() {
      await room[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

test("steps, branches on what they give, and what is caught: all of it on the timeline", async () => {
  const commands: string[] = [];
  await using room = await openRoom(
    [
      runbook(
        "mend",
        `const before = await step.query("errors");
        await step.run(["systemctl", "reload", trigger.with.unit], { on: ["web-1", "web-2"] });
        if (before[0].value > 1) await step.restart({ type: "service", name: "shop" });
        else await step.note("nothing to do");
        try { await step.rollback("shop"); } catch (error) { await step.note("no way back: " + error.message); }
        const { hosts } = await step.scale("shop", { to: 3, among: ["web-1", "web-3"] });
        await Promise.all(hosts.map((on) => step.run("echo $HOSTNAME", { on, mayFail: true })));
        await step.wait("1ms");`,
        { with: { unit: "nginx" } },
      ),
    ],
    {
      hands: {
        query: async () => [{ labels: {}, value: 2 }],
        async run({ hosts, command, actor }) {
          commands.push(`${hosts.join("+")}: ${command.join(" ")}`);
          assert.match(actor, /^runbook:mend\//);
          return outcome(hosts, "done\n", hosts[0] === "web-2" && hosts.length === 1 ? 1 : 0);
        },
        rollback: async () => {
          throw new Error("there is no release before");
        },
      },
    },
  );
  const { id } = await room.start("mend");
  const { run, steps } = await room.ended(id);
  assert.deepEqual([run.state, run.error, run.startedBy], ["succeeded", null, "user:cy"]);
  assert.deepEqual(steps.map(({ name, state, outcome: told }) => `${state} ${name}: ${told}`).toSorted(), [
    "failed roll shop back: there is no release before",
    "succeeded note: no way back: there is no release before",
    "succeeded query errors: 2",
    "succeeded restart shop: shop runs anew on web-1, web-2",
    "succeeded run echo $HOSTNAME on web-1: done",
    "succeeded run echo $HOSTNAME on web-2: failed on 1",
    "succeeded run echo $HOSTNAME on web-3: done",
    "succeeded run systemctl reload nginx on web-1 | web-2: done",
    "succeeded scale shop to 3: shop runs on web-1, web-2, web-3",
    "succeeded wait 1ms: the time is over",
  ]);
  assert.equal(commands.length, 4);
  const told = await room.timeline.list({ kind: "runbook" });
  assert.equal(told.filter(({ kind }) => kind === "runbook.step").length, 10);
  assert.match(told[0]?.summary ?? "", /Runbook mend ended well/);
});

test("a dry run does nothing, and tells what would be done", async () => {
  const done: string[] = [];
  await using room = await openRoom(
    [
      runbook(
        "mend",
        `if ((await step.query("errors")).length === 0) await step.approve("restart the shop?");
        const where = await step.ask("where?", { choices: ["web-1", "web-2"] });
        await step.run(["reboot"], { on: where });
        await step.wait("5h");
        await step.restart("shop", { on: "web-2" });`,
      ),
    ],
    {
      hands: {
        run: async () => assert.fail("a dry run runs nothing"),
        restart: async () => void done.push("restart"),
      },
    },
  );
  const { id } = await room.start("mend", { dryRun: true });
  const { run, steps } = await room.ended(id);
  assert.equal(run.state, "succeeded");
  assert.deepEqual(done, []);
  assert.deepEqual(
    steps.map(({ outcome: told }) => told),
    [
      "0 series",
      "would wait for approval: restart the shop?",
      "would ask: where? (goes on with web-1)",
      "would run reboot on web-1",
      "would wait 5h",
      "would restart shop on web-2",
    ],
  );
});

test("approval: by the link (a GET never answers, a link answers once), over the API, and refused", async () => {
  const ada = declaredResource("contact", "ada", {
    ways: [
      { via: { kind: "ntfy", url: "http://ntfy.test/broken" } },
      { via: { kind: "slack", url: "http://slack.test/ada" } },
    ],
  });
  await using room = await openRoom(
    [
      ada,
      runbook(
        "careful",
        `const { by } = await step.approve("restart <it>?", { of: { type: "contact", name: "ada" } });
        await step.note("agreed: " + by);
        await step.note("said " + await step.ask("how far?"));`,
      ),
      // Signs in as the one who asks here.
      declaredResource("contact", "cyrille", {
        ...{ identity: "user:cy", ways: [{ via: { kind: "slack", url: "http://slack.test/cy" } }] },
      }),
      declaredResource("team", "reds", { members: ["cyrille"] }),
      runbook("by-cy", `await step.approve("go on?", { of: { type: "team", name: "reds" } });`),
    ],
    {
      // Pauses between tries are short here.
      clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 200), signal) },
      async send(channel) {
        if (channel.kind === "ntfy") throw new Error("no answer");
        return "ok";
      },
    },
  );
  const first = await room.start("careful");
  await room.asks(first.id);
  const { message } = await until(() => room.sent[0], { what: "ada to be told", timeoutMs: 120_000 });
  assert.match(message.subject, /careful asks: restart <it>\?/);
  const link = message.url.replace("http://havn.test", "");
  const shown = await room.inject("GET", link);
  assert.match(shown.text, /restart &lt;it&gt;\?.*value="approve".*value="refuse"/s);
  assert.equal((await room.show(first.id)).run.state, "waiting");
  const form = "application/x-www-form-urlencoded";
  assert.equal((await room.inject("POST", `${link}x`, "answer=approve", form)).status, 404);
  assert.equal((await room.inject("POST", link, "answer=perhaps", form)).status, 400);
  assert.equal((await room.inject("POST", link, "answer=approve", form)).status, 200);
  assert.equal((await room.inject("POST", link, "answer=refuse", form)).status, 409);
  assert.match((await room.inject("GET", link)).text, /was answered already/);
  const asked = await room.asks(first.id);
  assert.equal(asked.question?.text, "how far?");
  await room.json("POST", `/api/v1/runbook-runs/${first.id}/answer`, { answer: "all the way" });
  const { run, steps } = await room.ended(first.id);
  assert.deepEqual(
    [run.state, ...steps.map(({ outcome: told }) => told)],
    ["succeeded", "user:ada approved it", "agreed: user:ada", "user:cy: all the way", "said all the way"],
  );
  const second = await room.start("careful");
  assert.deepEqual((await room.asks(second.id)).question?.people, ["ada"]);
  const answer = { answer: "refuse" };
  const strange = await room.inject("POST", `/api/v1/runbook-runs/${second.id}/answer`, answer);
  assert.deepEqual(
    [strange.status, /user:cy is not one of those.*Only these may answer: ada/s.test(strange.text)],
    [403, true],
  );
  const other = questionToken({ run: second.id, step: "restart <it>?", person: "cy" }, "key");
  assert.notEqual((await room.inject("POST", `/runbook/${other}`, "answer=refuse", form)).status, 200);
  await room.json("POST", `/api/v1/runbook-runs/${second.id}/stop`);
  const stopped = await room.ended(second.id);
  assert.deepEqual(
    stopped.steps.map(({ state, outcome: told, question }) => [state, told, question]),
    [["failed", "the run ended before it", null]],
    "what has ended asks nobody any more",
  );
  assert.equal((await room.inject("POST", `/api/v1/runbook-runs/${second.id}/answer`, answer)).status, 409);
  const third = await room.start("by-cy");
  await room.asks(third.id);
  await room.json("POST", `/api/v1/runbook-runs/${third.id}/answer`, answer);
  const refused = await room.ended(third.id);
  assert.deepEqual([refused.run.state, refused.run.error], ["refused", "user:cy refused: go on?"]);
});

test("an alert starts it once; guards hold it back, and tell why", async () => {
  const alert = (fingerprint: string, more: Partial<AlertChange> = {}): AlertChange => ({
    ...{ environment: "shop", fingerprint, state: "firing", since: 1, summary: "down" },
    labels: { alertname: "down", env: "shop" },
    ...more,
  });
  const lasting = [alert("a")];
  await using room = await openRoom(
    [
      runbook("mend", 'await step.note("for " + trigger.alert.labels.alertname);', {
        on: [{ match: ['alertname="down"'] }],
        guards: { runs: 2, per: "1h" },
      }),
    ],
    { alerts: lasting },
  );
  const states = async () =>
    (await room.runs()).map(({ state, error }) => `${state}${error ? ` ${error}` : ""}`);
  const allEnded = () =>
    until(async () => (await room.runs()).every(({ endedAt }) => endedAt !== null), {
      what: "runs to end",
      timeoutMs: 120_000,
    });
  await room.response.alertChanged(alert("a"));
  await room.response.alertChanged(alert("a"));
  await room.response.sweep();
  await allEnded();
  assert.deepEqual(await states(), ["succeeded"]);
  await room.response.alertChanged(alert("b", { state: "pending" }));
  await room.response.alertChanged(alert("b", { labels: { alertname: "slow" } }));
  await room.response.alertChanged(alert("c", { heldBack: "a silence" }));
  await room.response.alertChanged(alert("d", { maintenance: "its host is in maintenance: new disk" }));
  await room.response.alertChanged(alert("e"));
  await allEnded();
  await room.response.alertChanged(alert("f"));
  assert.deepEqual((await states()).toSorted(), [
    "held it started 2 times within 1h by itself",
    "held its alert is held back: a silence",
    "held its host is in maintenance: new disk",
    "succeeded",
    "succeeded",
  ]);
  assert.equal((await room.timeline.list({ kind: "runbook.held" })).length, 3);
});

test("what a step may touch, and code that would go another way each time, are bounded", async () => {
  await using room = await openRoom([
    runbook("wide", 'await step.run(["true"], { on: ["a", "b", "c"] });', { guards: { hosts: 2 } }),
    runbook("outside", "await fetch('http://127.0.0.1/');"),
    runbook("programs", "(await import('node:child_process')).execFileSync('true');"),
    runbook("files", "await step.note((await import('node:fs')).readFileSync('/etc/passwd', 'utf8'));"),
    runbook("leaves", "process.exit(0);"),
    runbook(
      "clock",
      "const now = Date.now(); await step.wait('20ms'); await step.note(String(Date.now() > now));",
    ),
    runbook("wrong", "await step.run([], { on: 'a' });"),
  ]);
  const errorOf = async (name: string) => (await room.ended((await room.start(name)).id)).run.error ?? "";
  assert.match(await errorOf("wide"), /would touch 3 hosts, and guards.hosts allows 2: a, b, c/);
  assert.match(await errorOf("outside"), /fetch is not there in a runbook/);
  assert.match(await errorOf("programs"), /restricted|permission|denied/i);
  assert.match(await errorOf("files"), /restricted|permission|denied/i);
  assert.match(await errorOf("leaves"), /its code ended/);
  assert.match(await errorOf("wrong"), /command/);
  const { steps } = await room.ended((await room.start("clock")).id);
  assert.equal(steps.at(-1)?.outcome, "true");
});

test("killed again and again it goes on: each step is done once, in order", async () => {
  await using db = await testDatabase();
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "done");
  await writeFile(file, "");
  const body = `for (let n = 0; n < 30; n++) {
    const { stdout } = await step.run(["step", String(n)], { on: "web-1" });
    if (stdout === "") throw new Error("it gave nothing");
  }`;
  {
    await using room = await openResponse({
      ...{ sql: db.sql, url: db.url, clock: systemClock, declared: [runbook("long", body)] },
      // Nothing goes on here: the first step never ends.
      hands: { run: () => new Promise(() => {}) },
    });
    await room.json("POST", "/api/v1/runbooks/shop/long/runs", {});
  }
  const program = fileURLToPath(new URL("./kill.test-child.ts", import.meta.url));
  const start = () =>
    spawn(process.execPath, [program, db.url, file], { stdio: ["ignore", "ignore", "inherit"] });
  const lines = async () => (await readFile(file, "utf8")).split("\n").filter(Boolean);
  for (const goal of [4, 11, 17, 25]) {
    const child = start();
    await until(async () => (await lines()).length >= goal, { what: `${goal} steps`, timeoutMs: 120_000 });
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const last = start();
  try {
    await until(
      async () => (await db.sql`select 1 from response.runbook_run where state = 'succeeded'`).length > 0,
      {
        what: "the run to end",
        timeoutMs: 120_000,
      },
    );
  } finally {
    last.kill("SIGKILL");
    await once(last, "exit");
  }
  assert.deepEqual(
    (await lines()).map((line) => line.split(" ")[1]),
    Array.from({ length: 30 }, (_, n) => String(n)),
  );
  const steps = await db.sql`select name from response.runbook_step`;
  assert.equal(steps.length, 30);
});

test("guards: running, held back, in maintenance, too often", () => {
  const guards = { runs: 2, per: "10m", hosts: 10, duringMaintenance: false };
  const input = { guards, now: 3_600_000, starts: [], running: false };
  assert.equal(whyNotStarted(input), undefined);
  assert.match(whyNotStarted({ ...input, running: true }) ?? "", /running already/);
  assert.match(whyNotStarted({ ...input, heldBack: "a silence" }) ?? "", /held back: a silence/);
  assert.equal(whyNotStarted({ ...input, maintenance: "closed" }), "closed");
  assert.equal(
    whyNotStarted({ ...input, maintenance: "closed", guards: { ...guards, duringMaintenance: true } }),
    undefined,
  );
  const starts = [3_600_000 - 600_000, 3_600_000 - 599_999, 3_600_000 - 1];
  assert.match(whyNotStarted({ ...input, starts }) ?? "", /2 times within 10m/);
  assert.equal(whyNotStarted({ ...input, starts: starts.slice(0, 2) }), undefined);
});

test("a question's token is its own, and nobody else's", () => {
  const question = { run: "r", step: "approve it?", person: "ada" };
  const token = questionToken(question, "key");
  assert.deepEqual(readQuestionToken(token, "key"), question);
  for (const wrong of [token.slice(1), `${token}x`, "", "a.b", questionToken(question, "other")])
    assert.equal(readQuestionToken(wrong, "key"), undefined, wrong);
});
