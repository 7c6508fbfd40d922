import type { ClickHouse } from "@havn/clickhouse";
import { hourMs, seconds } from "./tiers.ts";

/** Samples that one statement rolls up: its memory is some hundred bytes for each. */
const samplesAtOnce = 2_000_000;
const idSpace = 2n ** 64n;

export interface Hour {
  /** Its end, in milliseconds since the epoch. */
  end: number;
  /** Only these series: a subquery that gives ids. All where it is left out. */
  series?: string;
}

/**
 * Writes what the samples of an hour (start, end] were, by five minutes and as one. Repeating it changes nothing. Where
 * the samples are gone, what is kept by five minutes stays, and the hour follows from it. False where there were none.
 */
export async function rollUpHour(clickhouse: ClickHouse, hour: Hour): Promise<boolean> {
  const samples = await countSamples(clickhouse, hour);
  for (const ids of slices(samples)) {
    if (samples > 0) await clickhouse.execute(fiveMinutesSql(hour, ids));
    if (samples > 0 || hour.series) await clickhouse.execute(hourSql(hour, ids));
  }
  return samples > 0;
}

async function countSamples(clickhouse: ClickHouse, hour: Hour): Promise<number> {
  const [row] = await clickhouse.rows<{ n: string }>(
    `SELECT toString(count()) AS n FROM samples WHERE ${within(hour)}`,
  );
  return Number(row?.n ?? 0);
}

/** Ranges of ids, each of which holds a part of the hour's samples that fits into memory: ids are evenly spread. */
function slices(samples: number): string[] {
  const parts = BigInt(Math.max(1, Math.ceil(samples / samplesAtOnce)));
  return Array.from({ length: Number(parts) }, (_, at) => {
    const from = (idSpace * BigInt(at)) / parts;
    const to = (idSpace * BigInt(at + 1)) / parts - 1n;
    return `series_id BETWEEN ${from} AND ${to}`;
  });
}

const within = ({ end, series }: Hour, milliseconds = true) => {
  const [from, to] = [end - hourMs, end];
  const time = milliseconds
    ? `timestamp > fromUnixTimestamp64Milli(${from}, 'UTC') AND timestamp <= fromUnixTimestamp64Milli(${to}, 'UTC')`
    : `timestamp > ${seconds(from)} AND timestamp <= ${seconds(to)}`;
  return series ? `${time} AND series_id IN (${series})` : time;
};

// One thread keeps rows in the order of their keys, which first and last values stand on; and it leaves the other
// processors to those who ask and write.
const settings = "SETTINGS max_threads = 1, do_not_merge_across_partitions_select_final = 1";
const columns =
  "series_id, timestamp, count, first, last, min, max, sum, dropped, resets, changes, first_at, last_at, ended";
const isStale = "reinterpretAsUInt64(value) IN (0x7ff0000000000002, 0x7ff8000000000002)";
const pairs = (of: string) => `arrayPopBack(${of}), arrayPopFront(${of})`;
const differ = (a: string, b: string) => `(${a} != ${b} AND NOT (isNaN(${a}) AND isNaN(${b})))`;

function fiveMinutesSql(hour: Hour, ids: string): string {
  return `
    INSERT INTO rollups_5m (${columns}) ${settings}
    SELECT series_id, bucket, length(v), v[1], v[-1],
      if(empty(numbers), nan, arrayMin(numbers)), if(empty(numbers), nan, arrayMax(numbers)), arraySum(v),
      arraySum((a, b) -> if(b < a, a, 0), ${pairs("v")}), arraySum((a, b) -> b < a, ${pairs("v")}),
      arraySum((a, b) -> ${differ("a", "b")}, ${pairs("v")}),
      fromUnixTimestamp64Milli(t[1], 'UTC'), fromUnixTimestamp64Milli(t[-1], 'UTC'), stale_at > t[-1]
    FROM (
      SELECT series_id, bucket, groupArrayIf(value, NOT stale) AS v, groupArrayIf(ms, NOT stale) AS t,
        maxIf(ms, stale) AS stale_at, arrayFilter(x -> NOT isNaN(x), v) AS numbers
      FROM (
        SELECT series_id, toUnixTimestamp64Milli(timestamp) AS ms, value, ${isStale} AS stale,
          toDateTime(intDiv(ms + 299999, 300000) * 300, 'UTC') AS bucket
        FROM samples FINAL WHERE ${ids} AND ${within(hour)})
      GROUP BY series_id, bucket)`;
}

/** An hour is made of its five minutes: between two of them a counter may be reset too. */
function hourSql(hour: Hour, ids: string): string {
  const between = (what: string) => `arraySum((a, b) -> ${what}, arrayPopBack(l), arrayPopFront(f))`;
  return `
    INSERT INTO rollups_1h (${columns}) ${settings}
    SELECT series_id, ${seconds(hour.end)}, sum_count, f[1], l[-1], least_value, greatest_value, sum_sum,
      sum_dropped + ${between("if(b < a, a, 0)")}, sum_resets + ${between("b < a")},
      sum_changes + ${between(differ("a", "b"))}, first_time, last_time, has_ended
    FROM (
      SELECT series_id, sum(count) AS sum_count, groupArrayIf(first, count > 0) AS f, groupArrayIf(last, count > 0) AS l,
        sumIf(sum, count > 0) AS sum_sum, sum(dropped) AS sum_dropped, sum(resets) AS sum_resets,
        sum(changes) AS sum_changes, minIf(first_at, count > 0) AS first_time, maxIf(last_at, count > 0) AS last_time,
        if(countIf(NOT isNaN(min) AND count > 0) = 0, nan, minIf(min, NOT isNaN(min) AND count > 0)) AS least_value,
        if(countIf(NOT isNaN(max) AND count > 0) = 0, nan, maxIf(max, NOT isNaN(max) AND count > 0)) AS greatest_value,
        argMax(ended, timestamp) AS has_ended
      FROM (SELECT * FROM rollups_5m FINAL WHERE ${ids} AND ${within(hour, false)} ORDER BY series_id, timestamp)
      GROUP BY series_id)`;
}
