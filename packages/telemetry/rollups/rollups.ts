import type { ClickHouse } from "@havn/clickhouse";
import type { Clock, Labels } from "@havn/model";
import type { NewSegment } from "../spool/spool.ts";
import type { Rolled } from "./choose.ts";
import { dropBuckets } from "./drop.ts";
import { expire } from "./expire.ts";
import { cutOff, everyKeep, type Keeps, keepsOfAll, type Retention, shortest } from "./keeps.ts";
import { Late } from "./late.ts";
import { rollUpHour } from "./roll-up.ts";
import { hourMs, hourOf, seconds } from "./tiers.ts";

/** How long after its end an hour is rolled up: what agents send a little later is then among it. */
const settledMs = 10 * 60_000;
/** A store with much to catch up on does so in several passes. */
const atOnceMs = 20_000;
/** Marks of hours that are rolled up again in one go. */
const lateAtOnce = 500;

export interface Rollups extends AsyncDisposable {
  readonly late: Late;
  rolled(): Rolled | undefined;
  retention(): Retention;
  /** What rules say beside what holds for all. Nothing goes before they were told once. */
  setRules(rules: Retention["rules"]): void;
  keepsOfAll(series: readonly Labels[]): Keeps;
  /** What holds for each series at least. */
  leastKept(): Keeps;
  /** Hours, by their ends, that are not rolled up as they are now, and whose samples are there. */
  lateHours(rawKeep: number): number[];
  /** Rolls up what is due and lets go of what is too old. One at a time; an error ends it until the next. */
  pass(): Promise<void>;
  /** Deletes buckets of series, of all time or those that [start, end] touches, and has what is left rolled up again. */
  drop(ids: readonly string[], range: { start: number; end: number } | undefined): Promise<void>;
}

export interface RollupsOptions {
  clickhouse: ClickHouse;
  clock: Clock;
  /** For series that no rule matches. */
  otherwise: Keeps;
  append(segments: readonly NewSegment[]): Promise<void>;
  /** Makes what was appended visible. */
  flush(): Promise<void>;
  /** Samples, or series too, are gone. */
  expired(what: { series: boolean }): void;
}

export async function createRollups(options: RollupsOptions): Promise<Rollups> {
  const { clickhouse, clock } = options;
  const late = new Late();
  let retention: Retention = { otherwise: options.otherwise, rules: [] };
  let least = options.otherwise;
  let told = false;
  let rolled = await readRolled(clickhouse);
  if (rolled) late.until = rolled.until;
  for (const hour of await readLateHours(clickhouse)) late.hours.add(hour);
  let turn: Promise<void> = Promise.resolve();
  let expiredOn = "";

  const exclusive = (work: () => Promise<void>): Promise<void> => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };

  const rawFrom = () => cutOff(clock.now(), least.raw);

  async function rollUpDue(): Promise<void> {
    rolled ??= await firstHour(clickhouse);
    if (!rolled) return;
    const began = clock.now();
    const due = () => Math.floor((clock.now() - settledMs) / hourMs) * hourMs;
    while (rolled.until < due() && clock.now() - began < atOnceMs) {
      const end: number = rolled.until + hourMs;
      // Before samples are read: whatever is stored from now on is late, or is read.
      late.until = end;
      if (await rollUpHour(clickhouse, { end })) await reached(end);
      else {
        late.until = due();
        await reached(await lastEmptyHour(clickhouse, end, due()));
      }
    }
  }

  async function reached(until: number, since = rolled?.since ?? until): Promise<void> {
    await writeRolled(clickhouse, { since, until });
    rolled = { since, until };
  }

  async function rollUpLate(): Promise<void> {
    if (late.hours.size === 0) return;
    await options.flush();
    const [last] = await clickhouse.rows<{ at: string }>(
      "SELECT toString(max(at)) AS at FROM late HAVING count() > 0",
    );
    const before = last && `at <= toDateTime64('${last.at}', 3, 'UTC')`;
    const hours = before ? await readLateHours(clickhouse, `WHERE ${before} LIMIT ${lateAtOnce}`) : [];
    for (const end of hours) {
      // Whose samples are gone, keeps what was made of them when they were there.
      if (end - hourMs >= rawFrom())
        await rollUpHour(clickhouse, {
          end,
          series: `SELECT series_id FROM late WHERE hour = ${seconds(end)} AND ${before}`,
        });
      await clickhouse.execute(`DELETE FROM late WHERE hour = ${seconds(end)} AND ${before}`);
      if (rolled && end - hourMs < rolled.since) await reached(rolled.until, end - hourMs);
    }
    const left = new Set(await readLateHours(clickhouse));
    for (const hour of hours) if (!left.has(hour)) late.hours.delete(hour);
    if (left.size === 0 && hours.length === 0) late.hours.clear();
  }

  async function expireOld(): Promise<void> {
    if (!told || !rolled || late.hours.size > 0) return;
    // What is kept is kept for whole days.
    const today = `${cutOff(clock.now(), 0)} ${JSON.stringify(retention)}`;
    if (today === expiredOn) return;
    const gone = await expire(clickhouse, { retention, now: clock.now(), rolledUntil: rolled.until });
    if (gone.samples || gone.series) options.expired({ series: gone.series });
    if (gone.whole) expiredOn = today;
  }

  return {
    late,
    rolled: () => rolled,
    retention: () => retention,
    setRules(rules) {
      retention = { otherwise: options.otherwise, rules };
      least = shortest(everyKeep(retention));
      told = true;
    },
    keepsOfAll: (series) => keepsOfAll(retention, series),
    leastKept: () => least,
    lateHours: (rawKeep) => [...late.hours].filter((hour) => hour - hourMs >= cutOff(clock.now(), rawKeep)),
    pass: () =>
      exclusive(async () => {
        await rollUpLate();
        await rollUpDue();
        await expireOld();
      }),
    drop: (ids, range) =>
      exclusive(async () => {
        await dropBuckets(clickhouse, ids, range);
        if (!range) return;
        const whole = { start: Math.max(range.start, rawFrom()), end: range.end };
        const rows = late.marksFor(ids.map(BigInt), whole);
        if (rows.length > 0) await options.append([{ table: "late", rows, isNew: true }]);
      }),
    async [Symbol.asyncDispose]() {
      await turn;
    },
  };
}

async function readRolled(clickhouse: ClickHouse): Promise<Rolled | undefined> {
  const [row] = await clickhouse.rows<{ since: number; until: number }>(
    "SELECT toUnixTimestamp(min(since)) AS since, toUnixTimestamp(max(until)) AS until FROM rolled HAVING count() > 0",
  );
  return row && { since: row.since * 1000, until: row.until * 1000 };
}

const writeRolled = (clickhouse: ClickHouse, { since, until }: Rolled): Promise<void> =>
  clickhouse.execute(`INSERT INTO rolled SELECT ${seconds(since)}, ${seconds(until)}`);

/** Nothing is rolled up yet: it begins with the oldest sample. */
async function firstHour(clickhouse: ClickHouse): Promise<Rolled | undefined> {
  const [row] = await clickhouse.rows<{ at: number }>(
    "SELECT toFloat64(toUnixTimestamp64Milli(min(timestamp))) AS at FROM samples HAVING count() > 0",
  );
  if (!row) return undefined;
  const since = hourOf(row.at) - hourMs;
  return { since, until: since };
}

/** The last hour without samples of those that follow an empty one. */
async function lastEmptyHour(clickhouse: ClickHouse, empty: number, due: number): Promise<number> {
  const [row] = await clickhouse.rows<{ at: number }>(
    `SELECT toFloat64(toUnixTimestamp64Milli(min(timestamp))) AS at FROM samples
     WHERE timestamp > ${seconds(empty)} HAVING count() > 0`,
  );
  return row ? Math.max(empty, Math.min(due, hourOf(row.at) - hourMs)) : due;
}

async function readLateHours(clickhouse: ClickHouse, which = ""): Promise<number[]> {
  const rows = await clickhouse.rows<{ hour: number }>(
    `SELECT toUnixTimestamp(hour) AS hour FROM (SELECT DISTINCT hour FROM late ${which})`,
  );
  return rows.map(({ hour }) => hour * 1000);
}
