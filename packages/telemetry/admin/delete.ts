import type { ClickHouse } from "@havn/clickhouse";
import { HavnError } from "@havn/model";
import type { Matcher, TimeRange } from "@havn/promql/querier";
import { seriesCondition } from "../metrics/matchers.ts";

export interface Deletion {
  sets: readonly (readonly Matcher[])[];
  /** Undefined: all there is of the series, and the series themselves. */
  range: TimeRange | undefined;
  signal: AbortSignal;
}

export interface Deleted {
  series: number;
  samples: number;
  histograms: number;
  /** The most of them first. */
  names: { value: string; series: number }[];
}

export interface DeleteOptions {
  clickhouse: ClickHouse;
  /** Makes what was acknowledged before visible, so that it is deleted too. */
  flush(): Promise<void>;
  /** Series' rows are gone: whoever goes on sending them stores them anew. */
  forgotten(): void;
  /** Samples are gone: who remembers some forgets them. */
  deleted(): void;
  /** What samples of these series were by five minutes and hours goes too. */
  dropBuckets(ids: readonly string[], range: TimeRange | undefined): Promise<void>;
}

const mostSeries = 1_000_000;
/** Ids of one statement; its text stays under ClickHouse's usual limit of 256 KiB. */
const idsAtOnce = 10_000;
const everything: TimeRange = { start: 0, end: 2 ** 42 };

/** What would be deleted. */
export async function previewDeletion(options: DeleteOptions, deletion: Deletion): Promise<Deleted> {
  await options.flush();
  const chosen = await chooseSeries(options.clickhouse, deletion);
  return countDeleted(options.clickhouse, chosen, deletion);
}

/** Deletes samples of the series that match any set, within the range. Resolves when no query sees them any more. */
export async function deleteSeries(options: DeleteOptions, deletion: Deletion): Promise<Deleted> {
  const { clickhouse } = options;
  await options.flush();
  const chosen = await chooseSeries(clickhouse, deletion);
  const deleted = await countDeleted(clickhouse, chosen, deletion);
  for (const ids of batches(chosen.ids)) {
    const within = timeSql(deletion.range);
    for (const table of ["samples", "starts", "histograms", "exemplars"])
      await clickhouse.execute(`DELETE FROM ${table} WHERE series_id IN (${ids.join(",")})${within}`);
    await options.dropBuckets(ids, deletion.range && bounded(deletion.range));
    if (!deletion.range) await clickhouse.execute(`DELETE FROM series WHERE id IN (${ids.join(",")})`);
  }
  options.deleted();
  if (!deletion.range) options.forgotten();
  return deleted;
}

/** Buckets are by seconds, and there are none of the far future. */
const bounded = ({ start, end }: TimeRange): TimeRange => ({
  start: Math.max(0, Math.floor(start)),
  end: Math.min(end, 4_000_000_000_000),
});

interface Chosen {
  ids: string[];
  names: Deleted["names"];
}

async function chooseSeries(clickhouse: ClickHouse, { sets, range, signal }: Deletion): Promise<Chosen> {
  if (sets.length === 0 || sets.some((matchers) => matchers.length === 0))
    throw new HavnError("Nothing says which series to delete", { status: 400, detail: "Give a selector." });
  const { sql, params } = seriesCondition(sets, range ?? everything);
  const rows = await clickhouse.rows<{ key: string; metric: string }>(
    `SELECT toString(id) AS key, toString(any(name)) AS metric FROM series WHERE ${sql} GROUP BY id LIMIT ${mostSeries + 1}`,
    { params, signal },
  );
  if (rows.length > mostSeries)
    throw new HavnError(`More than ${mostSeries} series match`, {
      status: 422,
      detail: "Add matchers, and delete them in several steps.",
    });
  const names = [...Map.groupBy(rows, ({ metric }) => metric)].map(([value, own]) => ({
    value,
    series: own.length,
  }));
  return { ids: rows.map(({ key }) => key), names: names.sort((a, b) => b.series - a.series).slice(0, 20) };
}

async function countDeleted(
  clickhouse: ClickHouse,
  { ids, names }: Chosen,
  { range, signal }: Deletion,
): Promise<Deleted> {
  const deleted = { series: ids.length, samples: 0, histograms: 0, names };
  for (const batch of batches(ids))
    for (const table of ["samples", "histograms"] as const) {
      const [row] = await clickhouse.rows<{ n: string }>(
        `SELECT toString(count()) AS n FROM (SELECT DISTINCT series_id, timestamp FROM ${table}
         WHERE series_id IN (${batch.join(",")})${timeSql(range)})`,
        { signal },
      );
      deleted[table] += Number(row?.n ?? 0);
    }
  return deleted;
}

function* batches(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += idsAtOnce) yield ids.slice(at, at + idsAtOnce);
}

const timeSql = (range: TimeRange | undefined) =>
  range
    ? ` AND timestamp BETWEEN fromUnixTimestamp64Milli(${Math.max(0, Math.ceil(range.start))}, 'UTC') AND fromUnixTimestamp64Milli(${Math.floor(range.end)}, 'UTC')`
    : "";
