import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { HavnError, type LogRecord } from "@havn/model";
import type { Series } from "@havn/promql/querier";
import { createTelemetryAgent, type TelemetryAgentOptions } from "./agent.ts";
import { createTelemetry } from "./index.ts";
import { readLogRecords } from "./protocols/agent/logs.ts";
import { staleMarker } from "./protocols/agent/samples.ts";

const from = { environment: "shop", host: "web-1" };

/** An agent whose batches go to `received`, and a folder that is removed afterwards. */
async function openTest(options: Partial<TelemetryAgentOptions> = {}) {
  const directory = await mkdtemp("/tmp/havn-test-agent-");
  const received: { kind: string; batch: string; bytes: Uint8Array }[] = [];
  const messages: string[] = [];
  const start = (more: Partial<TelemetryAgentOptions> = {}) =>
    createTelemetryAgent({
      spoolDirectory: join(directory, "spool"),
      labels: { env: "shop", host: "web-1" },
      journal: "off",
      interval: 50,
      log: (message) => messages.push(message),
      push: async (kind, batch, _rows, bytes) => void received.push({ kind, batch, bytes }),
      ...options,
      ...more,
    });
  const lines = () =>
    received.filter(({ kind }) => kind === "logs").flatMap(({ bytes }) => readLogRecords(bytes, from));
  return {
    ...{ directory, received, messages, start, lines },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const bodies = (records: LogRecord[]) => records.map(({ body }) => body);
const line = (text: string) => ({ service: "shop", instance: "web-1:8080", line: text });

test("lines are kept while the server is away, in order, under the same batch ids after a restart", async () => {
  await using t = await openTest();
  const attempts: string[] = [];
  const away = async (_: string, batch: string) => {
    attempts.push(batch);
    throw new HavnError("The server is away", { retryable: true, status: 503 });
  };
  {
    await using agent = await t.start({ push: away });
    agent.writeLine(line("one"));
    await agent.flush();
    agent.writeLine(line('{"level":"error","msg":"two","order":7}'));
    await agent.flush();
    await until(() => attempts.length > 0);
    agent.writeLine(line("three"));
  }
  assert.equal(new Set(attempts).size, 1);
  await using agent = await t.start();
  await agent.drained();
  assert.deepEqual(bodies(t.lines()), ["one", "two", "three"]);
  assert.deepEqual(t.lines()[1]?.attributes, { order: "7" });
  assert.equal(t.lines()[1]?.severity, "error");
  const times = t.lines().map(({ time }) => BigInt(time));
  assert.ok(times.every((time, at) => at === 0 || time > (times[at - 1] ?? 0n)));
  const first = t.received.find(({ kind }) => kind === "logs");
  assert.equal(
    first?.batch,
    attempts.find((batch) => batch === first?.batch),
  );
  assert.ok(
    t.received.every(({ kind, bytes }) => kind === "samples" || ((bytes[4] ?? 0) & 1) === 1),
    "batches of before are marked as resent",
  );
});

test("a batch that the server refuses for good is dropped and counted; those after it go on", async () => {
  await using t = await openTest();
  let refused = 0;
  await using agent = await t.start({
    push: async (kind, batch, _rows, bytes) => {
      if (kind === "logs" && refused++ === 0) throw new HavnError("malformed", { status: 400 });
      t.received.push({ kind, batch, bytes });
    },
  });
  agent.writeLine(line("bad"));
  await agent.flush();
  agent.writeLine(line("good"));
  await agent.flush();
  await until(() => t.lines().length > 0);
  assert.deepEqual(bodies(t.lines()), ["good"]);
  assert.equal(agent.stats().droppedRows.logs, 1);
  assert.match(t.messages.join("\n"), /refused 1 logs/);
});

test("without room the oldest batches are dropped, counted and told", async () => {
  await using t = await openTest();
  let away = true;
  await using agent = await t.start({
    interval: 60_000,
    largestSpoolBytes: 60_000,
    push: async (kind, batch, _rows, bytes) => {
      if (away) throw new HavnError("away", { retryable: true });
      t.received.push({ kind, batch, bytes });
    },
  });
  for (let batch = 0; batch < 8; batch++) {
    // Random, so that compression does not make it small.
    agent.writeLine(
      line(`${batch} ${Buffer.from(crypto.getRandomValues(new Uint8Array(9_000))).toString("base64")}`),
    );
    await agent.flush();
  }
  assert.ok(agent.stats().droppedRows.logs > 0);
  assert.ok(agent.stats().waitingBytes <= 60_000);
  away = false;
  agent.wake();
  await agent.drained();
  assert.equal(t.lines().length, 8 - agent.stats().droppedRows.logs);
  assert.equal(t.lines().at(-1)?.body[0], "7");
  assert.match(t.messages.join("\n"), /The spool is full/);
});

test("targets are scraped; series end when a target fails or goes away; node metrics come along", async () => {
  await using t = await openTest();
  await using db = await openTestClickHouse();
  await using telemetry = await createTelemetry({
    clickhouse: db.clickhouse,
    spoolDirectory: join(db.directory, "spool"),
  });
  let metrics: string | undefined = 'requests_total{job="own",code="200"} 7\ngone 1\n';
  const server = createServer((_, response) => {
    if (metrics === undefined) response.statusCode = 500;
    response.end(metrics);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const instance = `web-1:${port}`;
    const now = Date.now();
    const find = async (name: string, further: Record<string, string> = {}): Promise<Series[]> => {
      await agent.flush();
      await agent.drained();
      await telemetry.flush();
      const matchers = Object.entries({ __name__: name, ...further }).map(([label, value]) => {
        return { name: label, operator: "=" as const, value };
      });
      const range = { start: now - 1_000, end: now + 3_600_000 };
      return Array.fromAsync(telemetry.querier.select(matchers, range, new AbortController().signal));
    };
    const ended = (series: Series | undefined) => {
      const halves = new Uint32Array(series?.values.slice(-1).buffer ?? new ArrayBuffer(8));
      return halves[0] === staleMarker.low && halves[1] === staleMarker.high;
    };
    const agent = await t.start({
      push: (kind, batch, _rows, bytes) => telemetry.ingest(kind, batch, from, bytes),
    });
    try {
      const target = {
        job: "shop",
        service: "shop",
        instance,
        url: `http://127.0.0.1:${port}/metrics`,
        labels: { release: "abc" },
      };
      agent.setTargets([target]);
      await until(async () => (await find("requests_total")).length > 0);
      const common = { env: "shop", host: "web-1", job: "shop", service: "shop", instance, release: "abc" };
      const [requests] = await find("requests_total");
      assert.deepEqual(requests?.labels, {
        __name__: "requests_total",
        ...common,
        exported_job: "own",
        code: "200",
      });
      assert.equal(requests?.values[0], 7);
      assert.equal((await find("up", { job: "shop" }))[0]?.values.at(-1), 1);

      metrics = 'requests_total{job="own",code="200"} 8\n';
      await until(async () => ended((await find("gone"))[0]));
      assert.equal(ended((await find("requests_total"))[0]), false);

      metrics = undefined;
      await until(async () => (await find("up", { job: "shop" }))[0]?.values.at(-1) === 0);
      await until(async () => ended((await find("requests_total"))[0]));

      metrics = "requests_total 9\n";
      await until(async () => (await find("requests_total", { code: "" })).length > 0);
      agent.setTargets([]);
      await until(async () => ended((await find("up", { job: "shop" }))[0]));
      assert.equal(ended((await find("requests_total", { code: "" }))[0]), true);

      const [load] = await find("node_load1", { job: "node", instance: "web-1" });
      assert.deepEqual(load?.labels, {
        __name__: "node_load1",
        env: "shop",
        host: "web-1",
        instance: "web-1",
        job: "node",
      });
      assert.equal((await find("process_resident_memory_bytes", { job: "havn-agent" })).length, 1);
    } finally {
      await agent[Symbol.asyncDispose]();
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

/** Speaks as journalctl does: prints the lines of a file after the cursor, then fails or waits, as `mode` says. */
const journalctl = `#!/bin/sh
dir=$(dirname "$0")
for argument in "$@"; do case "$argument" in --after-cursor=*) after=\${argument#--after-cursor=} ;; esac; done
echo "$*" >> "$dir/calls"
awk -v a="\\"$after\\"" 'seen || a == "\\"\\"" { print } index($0, a) { seen = 1 }' "$dir/entries"
[ -e "$dir/fail" ] && exit 1
exec sleep 1000
`;

const entry = (number: number, unit: string, message: unknown) =>
  `${JSON.stringify({ __CURSOR: `c${number}`, __REALTIME_TIMESTAMP: `${1_700_000_000_000_000 + number}`, _SYSTEMD_UNIT: unit, PRIORITY: "4", SYSLOG_IDENTIFIER: "id", MESSAGE: message })}\n`;

test("the journal is read once: across its reader's and the agent's restarts", {
  skip: process.platform !== "linux",
}, async () => {
  await using t = await openTest({ journal: "host" });
  await writeFile(join(t.directory, "journalctl"), journalctl);
  await chmod(join(t.directory, "journalctl"), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${t.directory}:${path}`;
  try {
    const units = [{ unit: "havn-shop.service", service: "shop", instance: "web-1:8080" }];
    await writeFile(
      join(t.directory, "entries"),
      entry(1, "havn-shop.service", '{"level":"error","msg":"first"}') + entry(2, "ssh.service", "host line"),
    );
    await writeFile(join(t.directory, "fail"), "");
    {
      await using agent = await t.start();
      agent.followUnits(units);
      await until(() => t.lines().length >= 2);
      await writeFile(
        join(t.directory, "entries"),
        entry(2, "ssh.service", "old") + entry(3, "havn-shop.service", [104, 105]),
        { flag: "w" },
      );
      await until(() => t.lines().length >= 3);
    }
    await rm(join(t.directory, "fail"));
    await writeFile(
      join(t.directory, "entries"),
      entry(3, "havn-shop.service", "again") + entry(4, "havn-shop.service", "fourth"),
    );
    await using agent = await t.start();
    agent.followUnits(units);
    await until(() => t.lines().length >= 4);
    assert.deepEqual(bodies(t.lines()), ["first", "host line", "hi", "fourth"]);
    const [first, host] = t.lines();
    assert.deepEqual(
      [first?.service, first?.severity, first?.time],
      ["shop", "error", "1700000000000001000"],
    );
    assert.deepEqual([host?.service, host?.severity], ["", "warn"]);
    assert.deepEqual(host?.attributes, { unit: "ssh.service", identifier: "id" });
  } finally {
    process.env.PATH = path;
  }
  assert.ok((await readdir(join(t.directory, "spool"))).includes("cursor"));
});
