import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openClickHouse } from "@havn/clickhouse";
import { createTelemetry } from "@havn/telemetry";
import { markResent } from "../protocols/agent/envelope.ts";
import { batchOf, type Job, rowsPerBatch, source, start } from "./batches.ts";

const victimPath = fileURLToPath(new URL("./victim.ts", import.meta.url));
const inFlight = 6;

export interface KillReport {
  storeKills: number;
  clickhouseKills: number;
  acknowledgedSamples: number;
  acknowledgedLines: number;
  lostSamples: number;
  doubledSamples: number;
  lostLines: number;
  doubledLines: number;
}

/**
 * Hands batches to a store in another process, as agents do, while that process and its ClickHouse are killed
 * `kills` times in all, at random; what was not acknowledged is sent again. Then counts what is there.
 */
export async function runKillTest(options: {
  directory: string;
  kills: number;
  random?: () => number;
}): Promise<KillReport> {
  const { directory, kills, random = Math.random } = options;
  const acknowledged = { samples: new Set<number>(), logs: new Set<number>() };
  const waiting = new Map<string, Job>();
  const report = { storeKills: 0, clickhouseKills: 0 };
  let next = 0;
  let ending = false;

  function send(child: ChildProcess, job: Job): void {
    waiting.set(`${job.kind} ${job.number}`, job);
    if (child.connected) child.send(job, () => undefined);
  }

  function sendMore(child: ChildProcess): void {
    while (!ending && waiting.size < inFlight) {
      const number = next++;
      send(child, { kind: "samples", number, resent: false });
      send(child, { kind: "logs", number, resent: false });
    }
  }

  async function startVictim(): Promise<ChildProcess> {
    const child = fork(victimPath, [directory], { execArgv: [] });
    await once(child, "message");
    child.on("message", (answer: Job & { failed?: boolean }) => {
      const key = `${answer.kind} ${answer.number}`;
      if (answer.failed) return void send(child, { kind: answer.kind, number: answer.number, resent: true });
      if (!waiting.delete(key)) return;
      acknowledged[answer.kind].add(answer.number);
      sendMore(child);
    });
    for (const job of [...waiting.values()]) send(child, { ...job, resent: true });
    sendMore(child);
    return child;
  }

  let victim = await startVictim();
  try {
    for (let kill = 0; kill < kills; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1900));
      if (kill % 2 === 0) {
        report.clickhouseKills++;
        const pid = Number(await readFile(join(directory, "clickhouse/child.pid"), "utf8"));
        if (pid > 1) killIfThere(pid);
      } else {
        report.storeKills++;
        const dead = once(victim, "exit");
        victim.kill("SIGKILL");
        await dead;
        victim = await startVictim();
      }
    }
    ending = true;
    while (waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    const dead = once(victim, "exit");
    victim.kill("SIGKILL");
    await dead;
  }
  return { ...report, ...(await count(directory, acknowledged)) };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was just being started again.
  }
}

/** Opens the store once more and compares it with what was acknowledged. */
async function count(directory: string, acknowledged: { samples: Set<number>; logs: Set<number> }) {
  await using clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
  await using telemetry = await createTelemetry({ clickhouse, spoolDirectory: join(directory, "spool") });
  await telemetry.flush();
  // Resent long after it was inserted, to a process that does not know it.
  await telemetry.ingest("logs", "batch-0", source, resentBatch(0));
  await telemetry.flush();
  const seen = new Map<number, number>();
  const range = { start: 0, end: 2 ** 41 };
  const matchers = [{ name: "__name__", operator: "=" as const, value: "kill_total" }];
  for await (const { timestamps, values } of telemetry.querier.select(
    matchers,
    range,
    new AbortController().signal,
  ))
    for (const [at, time] of timestamps.entries())
      if (values[at] === time - start) seen.set(time - start, (seen.get(time - start) ?? 0) + 1);
  const lines = await clickhouse.rows<{ row: number; times: number }>(
    "SELECT toUInt32(substring(Body, 6)) AS row, toUInt32(count()) AS times FROM logs GROUP BY row",
  );
  const seenLines = new Map(lines.map(({ row, times }) => [row, times]));
  return {
    acknowledgedSamples: acknowledged.samples.size * rowsPerBatch,
    acknowledgedLines: acknowledged.logs.size * rowsPerBatch,
    lostSamples: missing(acknowledged.samples, seen),
    doubledSamples: [...seen.values()].filter((times) => times > 1).length,
    lostLines: missing(acknowledged.logs, seenLines),
    doubledLines: [...seenLines.values()].filter((times) => times > 1).length,
  };
}

function missing(batches: ReadonlySet<number>, seen: ReadonlyMap<number, number>): number {
  let lost = 0;
  for (const batch of batches)
    for (let row = batch * rowsPerBatch; row < (batch + 1) * rowsPerBatch; row++) if (!seen.has(row)) lost++;
  return lost;
}

function resentBatch(number: number): Uint8Array {
  const bytes = batchOf("logs", number);
  markResent(bytes);
  return bytes;
}
