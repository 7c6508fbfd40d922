import { mkdir, readFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ClickHouse } from "@havn/clickhouse";
import { type Clock, HavnError } from "@havn/model";
import { exemplarColumns, metadataColumns, sampleColumns, seriesColumns } from "../metrics/batch.ts";
import { histogramColumns } from "../metrics/histogram.ts";
import type { SampleCache } from "../metrics/sample-cache.ts";
import { type StartedSeries, startColumns } from "../metrics/starts.ts";
import type { StoredSeries } from "../metrics/stored-series.ts";
import { logColumns, scanLogSegment } from "../protocols/agent/logs.ts";
import { type Late, lateColumns } from "../rollups/late.ts";
import { type Segment, type Spool, type Table, tables } from "./spool.ts";

const mostFiles = 64;
const mostBytes = 32 * 1024 * 1024;
const largeBytes = 8 * 1024 * 1024;
const intervalMs = 1_000;
/** What is little costs little: rules see it sooner. */
const soonMs = 250;
const littleBytes = 256 * 1024;
const longestBackOffMs = 15_000;
const mostRefusals = 5;

const columns = {
  ...{ series: seriesColumns, samples: sampleColumns, histograms: histogramColumns },
  ...{ exemplars: exemplarColumns, metadata: metadataColumns, logs: logColumns, late: lateColumns },
  starts: startColumns,
} as const;

export interface InserterStats {
  inserts: number;
  failedInserts: number;
  insertedBytes: number;
  rejectedSegments: number;
  lastError: string;
}

export interface Inserter extends AsyncDisposable {
  readonly stats: InserterStats;
  /** Something was spooled: inserts at once when it has become much. */
  notice(): void;
  /** Tries once to insert everything that waits; throws what ClickHouse says. */
  flush(): Promise<void>;
}

/**
 * Takes what waits in the spool, once a second or when it is much, inserts it and removes it. Rows are never lost:
 * a segment is removed only after its insert succeeded. Rows are never doubled: series and samples replace
 * themselves, and a segment of logs whose insert may have happened is inserted without the rows that are there.
 */
export function startInserter(options: {
  clickhouse: ClickHouse;
  spool: Spool;
  clock: Clock;
  log: (message: string) => void;
  /** Is told what samples were stored. */
  cache?: Pick<SampleCache, "wants" | "wrote"> | undefined;
  /** Is told what series were stored. */
  storedSeries?: Pick<StoredSeries, "wants" | "wrote"> | undefined;
  /** Is told where there are start times that it may not know of. */
  startedSeries?: Pick<StartedSeries, "forget"> | undefined;
  /** Is told of samples of hours that are rolled up already. */
  late?: Pick<Late, "until" | "marksOf"> | undefined;
}): Inserter {
  const { clickhouse, spool, clock, log, cache, storedSeries, startedSeries, late } = options;
  const stats = {
    inserts: 0,
    failedInserts: 0,
    insertedBytes: 0,
    rejectedSegments: 0,
    lastError: "",
  };
  const refusals = new Map<string, number>();
  const stopping = new AbortController();
  let hurry = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function insertGroup(table: Table, group: Segment[]): Promise<void> {
    const doubtful = table === "logs" && group.some(({ isNew }) => !isNew);
    const told = table === "samples" ? cache : table === "series" ? storedSeries : undefined;
    const rows = told && (await readRows(told, group));
    await clickhouse.insertSegment({
      table,
      columns: columns[table],
      files: group.map(({ path }) => path),
      ...(doubtful && { onlyNew: { key: ["batch", "row"], where: await placeOf(group) } }),
    });
    if (table === "samples") {
      cache?.wrote(rows);
      await noteLate(group);
    }
    stats.inserts++;
    if (table === "series") storedSeries?.wrote(rows);
    if (table === "starts" && group.some(({ isNew }) => !isNew)) startedSeries?.forget();
    for (const segment of group) {
      stats.insertedBytes += segment.bytes;
      refusals.delete(segment.path);
    }
    await spool.remove(group);
  }

  /**
   * After the samples are there, and before their segments go: whoever dies in between inserts and marks them again, and
   * an hour that is being rolled up sees them or is rolled up again.
   */
  async function noteLate(group: readonly Segment[]): Promise<void> {
    if (!late) return;
    const some = group.filter(({ oldest }) => oldest === undefined || oldest <= late.until);
    for (const { path } of some) {
      const rows = late.marksOf(await readFile(path));
      if (rows.length > 0) await spool.append([{ table: "late", rows, isNew: true }], { evenIfFull: true });
    }
  }

  /** One pass over all tables; the first failure is thrown after all were tried. */
  async function insertAll(): Promise<void> {
    let failure: unknown;
    for (const table of tables) {
      const groups = groupSegments(spool.take(table));
      while (groups.length > 0) {
        const group = groups.shift() ?? [];
        try {
          await insertGroup(table, group);
        } catch (error) {
          failure ??= error;
          stats.failedInserts++;
          for (const segment of group) segment.isNew = false;
          const refused = error instanceof HavnError && !error.retryable;
          if (refused && group.length > 1) groups.unshift(...group.map((segment) => [segment]));
          else if (!(refused && (await setAside(group, error)))) {
            spool.giveBack([...group, ...(refused ? [] : groups.splice(0).flat())]);
          }
        }
      }
    }
    if (failure) throw failure;
  }

  /** A segment that ClickHouse refuses again and again must not stop the others. It is kept for a person to see. */
  async function setAside(group: readonly Segment[], error: HavnError): Promise<boolean> {
    const [segment] = group;
    if (!segment) return true;
    const count = (refusals.get(segment.path) ?? 0) + 1;
    refusals.set(segment.path, count);
    if (count < mostRefusals) return false;
    const folder = join(dirname(segment.path), "rejected");
    await mkdir(folder, { recursive: true });
    await rename(segment.path, join(folder, basename(segment.path)));
    await spool.remove([segment]);
    refusals.delete(segment.path);
    stats.rejectedSegments++;
    log(
      `ClickHouse refused ${basename(segment.path)} ${count} times; it was set aside in ${folder}: ${error.message}`,
    );
    return true;
  }

  const flush = () => {
    const next = running.then(insertAll);
    running = next.catch(() => undefined);
    return next;
  };

  async function loop(): Promise<void> {
    let backOffMs = intervalMs;
    while (!stopping.signal.aborted) {
      hurry = new AbortController();
      await clock.sleep(backOffMs, AbortSignal.any([stopping.signal, hurry.signal]));
      if (stopping.signal.aborted) return;
      try {
        const before = stats.insertedBytes;
        await flush();
        backOffMs = stats.insertedBytes - before <= littleBytes ? soonMs : intervalMs;
        stats.lastError = "";
      } catch (error) {
        const message = (error as Error).message;
        if (message !== stats.lastError) log(`Telemetry waits in the spool: ${message}`);
        stats.lastError = message;
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      }
    }
  }
  const looping = loop();

  return {
    stats,
    notice() {
      if (stats.lastError === "" && spool.waitingBytes() > largeBytes) hurry.abort();
    },
    flush,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looping;
      await flush().catch(() => undefined); // what is left stays in the spool for the next start
    },
  };
}

/** Undefined where nobody wants to know them. */
async function readRows(
  told: Pick<SampleCache, "wants">,
  group: readonly Segment[],
): Promise<Uint8Array[] | undefined> {
  const bytes = group.reduce((sum, segment) => sum + segment.bytes, 0);
  return told.wants(bytes) ? Promise.all(group.map(({ path }) => readFile(path))) : undefined;
}

/** Where the rows of these segments stand in the table, if they do: narrow, since it is read and kept in memory. */
async function placeOf(group: readonly Segment[]): Promise<string> {
  const scans = await Promise.all(group.map(async ({ path }) => scanLogSegment(await readFile(path))));
  const batches = new Set(scans.flatMap((scan) => [...scan.batches]));
  const ranges = scans.map(({ from, to }) => {
    return `Timestamp BETWEEN fromUnixTimestamp64Nano(${from}) AND fromUnixTimestamp64Nano(${to})`;
  });
  return `(${ranges.join(" OR ")}) AND batch IN (${[...batches].join(",")})`;
}

/** Segments that may be inserted together: new ones with new ones, and before those that may repeat them. */
function groupSegments(segments: readonly Segment[]): Segment[][] {
  const groups: Segment[][] = [];
  for (const isNew of [true, false]) {
    let group: Segment[] = [];
    let bytes = 0;
    for (const segment of segments.filter((each) => each.isNew === isNew)) {
      if (group.length === mostFiles || (group.length > 0 && bytes + segment.bytes > mostBytes)) {
        groups.push(group);
        group = [];
        bytes = 0;
      }
      group.push(segment);
      bytes += segment.bytes;
    }
    if (group.length > 0) groups.push(group);
  }
  return groups;
}
