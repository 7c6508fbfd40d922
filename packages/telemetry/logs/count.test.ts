import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import type { LogRecord } from "@havn/model";
import { createTelemetry } from "../index.ts";
import { type AgentLogRecord, LogBuffer } from "../protocols/agent/logs.ts";

const never = new AbortController().signal;
const start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

const record = (body: string, atMs: number, more: Partial<AgentLogRecord> = {}): AgentLogRecord => ({
  ...{ time: String(BigInt(Math.round((start + atMs) * 1000)) * 1000n), service: "shop", instance: "1" },
  ...{ severity: "info", body, traceId: "", spanId: "", attributes: {}, ...more },
});

async function openLogs() {
  const stack = new AsyncDisposableStack();
  const db = stack.use(await openTestClickHouse());
  const spoolDirectory = join(db.directory, "spool");
  const telemetry = stack.use(await createTelemetry({ clickhouse: db.clickhouse, spoolDirectory }));
  let batch = 0;
  const send = (environment: string, host: string, records: readonly AgentLogRecord[]) => {
    const buffer = new LogBuffer();
    for (const one of records) buffer.add(one);
    return telemetry.ingest("logs", String(++batch), { environment, host }, buffer.encode());
  };
  return { telemetry, send, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("lines are counted in spans that begin after their start and end with their end", async () => {
  await using t = await openLogs();
  await t.send("shop", "web-1", [
    ...[record("at the start", 0), record("just after", 1), record("at the end of the first", 60_000)],
    ...[record("after it", 60_001), record("a Fault", 90_000, { severity: "error" })],
    ...[record("FAULT_1%", 120_000, { severity: "fatal", instance: "2" }), record("beyond", 180_001)],
  ]);
  await t.send("shop", "web-2", [record("fault", 70_000, { service: "", severity: "warn" })]);
  await t.send("other", "web-1", [record("fault", 70_000)]);
  await t.telemetry.flush();
  const counted = async (lines: Record<string, unknown>) =>
    (
      await t.telemetry.logs.count(
        { environment: "shop", ...lines },
        { start, step: 60_000, count: 3 },
        never,
      )
    ).map(({ labels, counts }) => `${Object.values(labels).join(" ")}: ${[...counts].join(" ")}`);
  assert.deepEqual(await counted({}), ["web-2: 0 1 0", "shop web-1: 2 3 0"]);
  assert.deepEqual(await counted({ contains: "fault" }), ["web-2: 0 1 0", "shop web-1: 0 2 0"]);
  assert.deepEqual(await counted({ contains: "T_1%" }), ["shop web-1: 0 1 0"]);
  assert.deepEqual(await counted({ severity: "error" }), ["shop web-1: 0 2 0"]);
  assert.deepEqual(await counted({ service: "" }), ["web-2: 0 1 0"]);
  assert.deepEqual(await counted({ instance: "2", host: "web-1" }), ["shop web-1: 0 1 0"]);
  assert.deepEqual(await counted({ contains: "'; drop table logs --" }), []);
});

test("counts are those of the lines that a search finds, over what chance wrote", async () => {
  await using t = await openLogs();
  let state = 7;
  const chance = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const severities: LogRecord["severity"][] = ["debug", "info", "warn", "error", "fatal"];
  for (const host of ["a", "b"])
    await t.send(
      "shop",
      host,
      Array.from({ length: 2000 }, () =>
        record(`line ${chance(5)} of it`, chance(400_000), {
          service: ["shop", "blog", ""][chance(3)] ?? "",
          severity: severities[chance(5)] ?? "info",
        }),
      ),
    );
  await t.telemetry.flush();
  for (let round = 0; round < 20; round++) {
    const lines = {
      environment: "shop",
      ...(chance(2) === 0 && { contains: `LINE ${chance(5)}` }),
      ...(chance(2) === 0 && { severity: severities[chance(5)] }),
      ...(chance(3) === 0 && { service: ["shop", "blog", ""][chance(3)] }),
    };
    const spans = { start: start + chance(100_000), step: 1 + chance(30_000), count: 1 + chance(20) };
    const expected: Record<string, number[]> = {};
    const until = spans.start + spans.step * spans.count;
    for (const one of await t.telemetry.logs.search({
      ...lines,
      since: spans.start + 1,
      until,
      limit: 10_000,
    })) {
      const at = Math.floor((Number(BigInt(one.time) / 1_000_000n) - spans.start - 1) / spans.step);
      const key = `${one.service} ${one.host}`;
      const counts = expected[key] ?? Array<number>(spans.count).fill(0);
      expected[key] = counts;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    const found = await t.telemetry.logs.count(lines, spans, never);
    assert.deepEqual(
      Object.fromEntries(
        found.map(({ labels, counts }) => [`${labels.service ?? ""} ${labels.host ?? ""}`, [...counts]]),
      ),
      expected,
    );
  }
});

test("lines of the control plane itself stand in the log of their environment, in their order", async () => {
  await using t = await openLogs();
  const lines = ["first \u0000 line", '{"level":"warn","msg":"second"}', "third"].map((line) => ({
    ...{ instance: "check disk", line, severity: "error" as const },
  }));
  await t.telemetry.writeLines("shop", lines);
  await t.telemetry.writeLines("shop", []);
  await t.telemetry.flush();
  const found = await t.telemetry.logs.search({ environment: "shop", instance: "check disk", limit: 10 });
  assert.deepEqual(
    found.map(({ body, severity, host }) => [body, severity, host]),
    [
      ["first \u0000 line", "error", ""],
      ["second", "warn", ""],
      ["third", "error", ""],
    ],
  );
});
