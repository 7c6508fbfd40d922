import assert from "node:assert/strict";
import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ClickHouse } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { HavnError, type Labels, type LogRecord, labelsKey } from "@havn/model";
import type { Matcher, Series } from "@havn/promql/querier";
import { createTelemetry, type Telemetry } from "./index.ts";
import { markResent } from "./protocols/agent/envelope.ts";
import { type AgentLogRecord, LogBuffer } from "./protocols/agent/logs.ts";
import { SampleBuffer } from "./protocols/agent/samples.ts";

const now = Math.floor(Date.now() / 1000) * 1000;
const range = { start: now - 3_600_000, end: now + 3_600_000 };
const from = { environment: "shop", host: "shop/host/web-1" };
const never = new AbortController().signal;

async function openTest() {
  const db = await openTestClickHouse();
  const spoolDirectory = join(db.directory, "spool");
  const telemetry = await createTelemetry({ clickhouse: db.clickhouse, spoolDirectory });
  const stack = new AsyncDisposableStack();
  stack.use(db);
  stack.use(telemetry);
  return { ...db, spoolDirectory, telemetry, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function samples(...series: [Labels, ...[number, number][]][]): Uint8Array {
  const buffer = new SampleBuffer();
  for (const [labels, ...points] of series)
    for (const [seconds, value] of points) buffer.add(labels, now + seconds * 1000, value);
  return buffer.encode();
}

function lines(...bodies: string[]): Uint8Array {
  const buffer = new LogBuffer();
  for (const [at, body] of bodies.entries()) buffer.add(line(body, at));
  return buffer.encode();
}

function line(body: string, seconds = 0): AgentLogRecord {
  const time = String(BigInt(now + seconds * 1000) * 1_000_000n + 123n);
  return {
    time,
    service: "shop",
    instance: "web-1:8080",
    severity: "info",
    body,
    traceId: "",
    spanId: "",
    attributes: {},
  };
}

async function select(telemetry: Telemetry, ...matchers: Matcher[]): Promise<Series[]> {
  const found = await Array.fromAsync(telemetry.querier.select(matchers, range, never));
  return found.sort((a, b) => (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1));
}

const byName = (value: string): Matcher => ({ name: "__name__", operator: "=", value });

/** `name{label="value"} 1@0 2@5`: seconds from now. */
function show(series: readonly Series[]): string[] {
  return series.map(({ labels, timestamps, values }) => {
    const { __name__, env, host, ...rest } = labels;
    assert.deepEqual([env, host], ["shop", "web-1"]);
    const inside = Object.keys(rest).map((name) => `${name}="${rest[name]}"`);
    const points = [...timestamps].map((time, at) => `${values[at]}@${(time - now) / 1000}`);
    return `${__name__}{${inside.join(",")}} ${points.join(" ")}`;
  });
}

test("samples are found by every kind of matcher, sorted by labels, in order of time", async () => {
  await using t = await openTest();
  const labels = { __name__: "up", job: "node" };
  await t.telemetry.ingest(
    "samples",
    "1",
    from,
    samples([{ ...labels, instance: "b" }, [10, 3], [0, 1]], [{ ...labels, instance: "a" }, [0, 7]]),
  );
  await t.telemetry.flush();
  await t.telemetry.ingest(
    "samples",
    "2",
    from,
    samples([{ ...labels, instance: "b" }, [5, 2]], [{ __name__: "up" }, [0, 9]]),
  );
  await t.telemetry.flush();
  const all = ["up{} 9@0", 'up{instance="a",job="node"} 7@0', 'up{instance="b",job="node"} 1@0 2@5 3@10'];
  assert.deepEqual(show(await select(t.telemetry, byName("up"))), all);
  const cases: [Matcher["operator"], string, number[]][] = [
    ["=", "a", [1]],
    ["=", "", [0]],
    ["!=", "a", [0, 2]],
    ["=~", "a|b", [1, 2]],
    ["=~", ".*", [0, 1, 2]],
    ["=~", ".+", [1, 2]],
    ["!~", "(a|x)y?", [0, 2]],
    ["=~", "", [0]],
  ];
  for (const [operator, value, expected] of cases) {
    const found = show(await select(t.telemetry, byName("up"), { name: "instance", operator, value }));
    assert.deepEqual(
      found,
      expected.map((at) => all[at]),
      `${operator}"${value}"`,
    );
  }
  await assert.rejects(select(t.telemetry, { name: "job", operator: "=~", value: "(" }), (error) => {
    return error instanceof HavnError && error.status === 400;
  });
});

test("of samples at one time the last written counts, merged or not", async () => {
  await using t = await openTest();
  for (const [batch, value] of [1, 2, 3].entries()) {
    await t.telemetry.ingest(
      "samples",
      String(batch),
      from,
      samples([{ __name__: "a" }, [0, value], [batch, value]]),
    );
    await t.telemetry.flush();
  }
  assert.deepEqual(show(await select(t.telemetry, byName("a"))), ["a{} 3@0 2@1 3@2"]);
  await t.clickhouse.execute("OPTIMIZE TABLE samples FINAL");
  assert.deepEqual(show(await select(t.telemetry, byName("a"))), ["a{} 3@0 2@1 3@2"]);
});

test("staleness markers and odd values keep their bits", async () => {
  await using t = await openTest();
  const buffer = new SampleBuffer();
  const values = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    5e-324,
    Number.MAX_VALUE,
  ];
  for (const [at, value] of values.entries()) buffer.add({ __name__: "a" }, now + at, value);
  buffer.addStale({ __name__: "a" }, now + 100);
  await t.telemetry.ingest("samples", "1", from, buffer.encode());
  await t.telemetry.flush();
  const [series] = await select(t.telemetry, byName("a"));
  const bits = [...new BigUint64Array(series?.values.buffer ?? new ArrayBuffer(0))];
  const expected = [...new BigUint64Array(Float64Array.from(values).buffer), 0x7ff0000000000002n];
  assert.deepEqual(bits, expected);
});

test("label names, label values and series of matcher sets", async () => {
  await using t = await openTest();
  await t.telemetry.ingest(
    "samples",
    "1",
    from,
    samples([{ __name__: "a", job: "x" }, [0, 1]], [{ __name__: "b", zone: "z" }, [0, 1]]),
  );
  await t.telemetry.flush();
  const { querier } = t.telemetry;
  assert.deepEqual(await querier.labelNames([], range, never), ["__name__", "env", "host", "job", "zone"]);
  assert.deepEqual(await querier.labelNames([[byName("a")]], range, never), [
    "__name__",
    "env",
    "host",
    "job",
  ]);
  assert.deepEqual(await querier.labelValues("__name__", [], range, never), ["a", "b"]);
  assert.deepEqual(await querier.labelValues("job", [[byName("b")]], range, never), []);
  assert.deepEqual(await querier.series([[byName("a")], [byName("b")]], range, never), [
    { __name__: "a", env: "shop", host: "web-1", job: "x" },
    { __name__: "b", env: "shop", host: "web-1", zone: "z" },
  ]);
  const longAgo = { start: 0, end: 86_400_000 };
  assert.deepEqual(await querier.series([], longAgo, never), []);
});

test("limits are told", async () => {
  await using db = await openTestClickHouse();
  const spoolDirectory = join(db.directory, "spool");
  const limits = { series: 2, samples: 3 };
  await using telemetry = await createTelemetry({ clickhouse: db.clickhouse, spoolDirectory, limits });
  const wide = ["a", "b", "c"].map((job): [Labels, [number, number]] => [{ __name__: "wide", job }, [0, 1]]);
  await telemetry.ingest(
    "samples",
    "1",
    from,
    samples(...wide, [{ __name__: "long" }, [0, 1], [1, 1], [2, 1], [3, 1]]),
  );
  await telemetry.flush();
  await assert.rejects(select(telemetry, byName("wide")), /more than 2 series/);
  await assert.rejects(select(telemetry, byName("long")), /more than 3 samples/);
});

test("an agent cannot speak for another host", async () => {
  await using t = await openTest();
  await t.telemetry.ingest(
    "samples",
    "1",
    from,
    samples([{ __name__: "a", env: "other", host: "db-1", zone: "z" }, [0, 1]]),
  );
  await t.telemetry.flush();
  assert.deepEqual(show(await select(t.telemetry, byName("a"))), ['a{zone="z"} 1@0']);
});

test("log lines are searched and followed", async () => {
  await using t = await openTest();
  const followed: LogRecord[] = [];
  const stop = t.telemetry.logs.follow({ environment: "shop", service: "shop" }, (records) =>
    followed.push(...records),
  );
  const buffer = new LogBuffer();
  const rich: AgentLogRecord = {
    ...line("Payment REFUSED for 100%_sure \\ ☃", 5),
    severity: "error",
    traceId: "abc",
    spanId: "def",
    attributes: { order: "7" },
  };
  buffer.add(rich);
  buffer.add({ ...line("host line", 1), service: "" });
  await t.telemetry.ingest("logs", "1", from, buffer.encode());
  const expected: LogRecord = { ...rich, environment: "shop", host: "web-1" };
  assert.deepEqual(followed, [expected]);
  stop();
  await t.telemetry.ingest("logs", "2", from, lines("one", "two", "three"));
  assert.equal(followed.length, 1);
  await t.telemetry.flush();
  const search = async (query: object) => {
    const records = await t.telemetry.logs.search({ environment: "shop", limit: 100, ...query });
    return records.map(({ body }) => body);
  };
  assert.deepEqual(await t.telemetry.logs.search({ environment: "shop", traceId: "abc", limit: 5 }), [
    expected,
  ]);
  assert.deepEqual(
    await search({}),
    ["one", "two", "host line", "three", rich.body].sort((a, b) => orderOf(a) - orderOf(b)),
  );
  assert.deepEqual(await search({ limit: 1 }), [rich.body]);
  assert.deepEqual(await search({ contains: "refused for 100%_SURE \\" }), [rich.body]);
  assert.deepEqual(await search({ contains: "refused_for" }), []);
  assert.deepEqual(await search({ severity: "warn" }), [rich.body]);
  assert.deepEqual(await search({ service: "" }), ["host line"]);
  assert.deepEqual(await search({ since: now + 2000, until: now + 4000 }), ["three"]);
  assert.deepEqual(await search({ environment: "other" }), []);

  function orderOf(body: string): number {
    return ["one", "host line", "two", "three", rich.body].indexOf(body);
  }
});

test("a batch that comes again counts once: in this process, after a restart, spooled and inserted", async () => {
  await using db = await openTestClickHouse();
  const options = { clickhouse: db.clickhouse, spoolDirectory: join(db.directory, "spool") };
  const batch = lines("one", "two");
  const again = new Uint8Array(batch);
  markResent(again);
  {
    await using first = await createTelemetry(options);
    await Promise.all([first.ingest("logs", "1", from, batch), first.ingest("logs", "1", from, again)]);
    await first.flush();
    await first.ingest("logs", "1", from, again);
    assert.equal(first.stats().repeatedBatches, 2);
  }
  await using second = await createTelemetry(options);
  await second.ingest("logs", "1", from, again);
  await second.flush();
  await second.ingest("logs", "2", from, lines("three"));
  await second.flush();
  const records = await second.logs.search({ environment: "shop", limit: 10 });
  assert.deepEqual(records.map(({ body }) => body).sort(), ["one", "three", "two"]);
});

test("a segment that was inserted but not removed is not doubled at the next start", async () => {
  await using db = await openTestClickHouse();
  const options = { clickhouse: db.clickhouse, spoolDirectory: join(db.directory, "spool") };
  {
    await using first = await createTelemetry(options);
    await first.ingest("logs", "1", from, lines("one", "two"));
    await first.ingest("samples", "1", from, samples([{ __name__: "a" }, [0, 1]]));
    await cp(options.spoolDirectory, join(db.directory, "copy"), { recursive: true });
    await first.flush();
  }
  await cp(join(db.directory, "copy"), options.spoolDirectory, { recursive: true });
  assert.notEqual((await readdir(options.spoolDirectory)).length, 0);
  await using second = await createTelemetry(options);
  await second.flush();
  assert.deepEqual(await readdir(options.spoolDirectory), []);
  assert.equal((await second.logs.search({ environment: "shop", limit: 10 })).length, 2);
  assert.deepEqual(show(await select(second, byName("a"))), ["a{} 1@0"]);
});

test("an insert whose answer was lost is repeated without doubling, also beside new lines", async () => {
  await using db = await openTestClickHouse();
  let lost = 2;
  const clickhouse: ClickHouse = {
    ...db.clickhouse,
    async insertSegment(insert) {
      await db.clickhouse.insertSegment(insert);
      if (lost-- > 0) throw new HavnError("The answer was lost", { retryable: true });
    },
  };
  await using telemetry = await createTelemetry({ clickhouse, spoolDirectory: join(db.directory, "spool") });
  await telemetry.ingest("logs", "1", from, lines("one", "two"));
  // The inserter's own round may have met the failure already.
  await telemetry.flush().catch(() => undefined);
  await telemetry.ingest("logs", "2", from, lines("one", "two"));
  await telemetry.flush().catch(() => undefined);
  await telemetry.flush();
  const records = await telemetry.logs.search({ environment: "shop", limit: 10 });
  assert.ok(lost <= 0);
  assert.deepEqual(records.map(({ body }) => body).sort(), ["one", "one", "two", "two"]);
  assert.deepEqual(await readdir(join(db.directory, "spool")), []);
});

test("a segment that ClickHouse refuses is set aside and does not stop the others", async () => {
  await using db = await openTestClickHouse();
  const spoolDirectory = join(db.directory, "spool");
  const messages: string[] = [];
  await using telemetry = await createTelemetry({
    clickhouse: db.clickhouse,
    spoolDirectory,
    log: (text) => messages.push(text),
  });
  await telemetry[Symbol.asyncDispose]();
  await writeFile(join(spoolDirectory, "samples-1-1.rows"), "not rows");
  await using next = await createTelemetry({
    clickhouse: db.clickhouse,
    spoolDirectory,
    log: (text) => messages.push(text),
  });
  await next.ingest("samples", "1", from, samples([{ __name__: "a" }, [0, 1]]));
  for (let attempt = 0; attempt < 6; attempt++) await next.flush().catch(() => undefined);
  assert.deepEqual(await readdir(join(spoolDirectory, "rejected")), ["samples-1-1.rows"]);
  assert.deepEqual(show(await select(next, byName("a"))), ["a{} 1@0"]);
  assert.match(messages.join("\n"), /set aside/);
});

test("malformed batches are refused whole, with one clear error", async () => {
  await using t = await openTest();
  const good = { samples: samples([{ __name__: "a" }, [0, 1]]), logs: lines("one") };
  const refused = (kind: "samples" | "logs", bytes: Uint8Array) =>
    assert.rejects(t.telemetry.ingest(kind, crypto.randomUUID(), from, bytes), (error) => {
      return (
        error instanceof HavnError &&
        error.status === 400 &&
        !error.retryable &&
        /malformed/.test(error.message)
      );
    });
  for (const kind of ["samples", "logs"] as const) {
    for (let size = 0; size < good[kind].length; size++) await refused(kind, good[kind].subarray(0, size));
    await refused(kind, Buffer.concat([good[kind], Buffer.from([0])]));
    await refused(kind, good[kind === "logs" ? "samples" : "logs"]);
  }
  await refused("samples", samples([{ job: "nameless" }, [0, 1]]));
  await refused("samples", samples([{ __name__: "a" }, [Number.NaN, 1]]));
  await t.telemetry.flush();
  assert.deepEqual(await readdir(t.spoolDirectory), []);
  assert.equal(t.telemetry.stats().samples, 0);
});
