import type { ClickHouse } from "@havn/clickhouse";
import type { Series } from "@havn/promql/querier";
import { type Columns, columnsOf } from "./sample-columns.ts";

/** The columns of the table `starts`. */
export const startColumns = [
  { name: "series_id", type: "UInt64" },
  { name: "timestamp", type: "DateTime64(3, 'UTC')" },
  { name: "started", type: "DateTime64(3, 'UTC')" },
] as const;

/** Which series have samples of which it is known since when they count: few, and the others need not be asked for. */
export class StartedSeries {
  readonly #clickhouse: Pick<ClickHouse, "rows">;
  readonly #ids = new Set<bigint>();
  /** Those of the table are read when somebody asks, not at the start. */
  #stored: Promise<void> | undefined;
  #places = new WeakMap<BigUint64Array, { size: number; places: readonly number[] }>();

  constructor(clickhouse: Pick<ClickHouse, "rows">) {
    this.#clickhouse = clickhouse;
  }

  note(id: bigint): void {
    this.#ids.add(id);
  }

  /** Rows were stored that nobody noted: an earlier process had taken them. */
  forget(): void {
    this.#stored = undefined;
  }

  /** Where in `ids`, ascending, such series stand. */
  async placesIn(ids: BigUint64Array): Promise<readonly number[]> {
    this.#stored ??= this.#read();
    await this.#stored;
    const size = this.#ids.size;
    const known = this.#places.get(ids);
    if (known?.size === size) return known.places;
    const places: number[] = [];
    if (size > 0) for (let at = 0; at < ids.length; at++) if (this.#ids.has(ids[at] ?? 0n)) places.push(at);
    this.#places.set(ids, { size, places });
    return places;
  }

  async #read(): Promise<void> {
    try {
      const rows = await this.#clickhouse.rows<{ id: string }>(
        "SELECT DISTINCT toString(series_id) AS id FROM starts",
      );
      for (const { id } of rows) this.#ids.add(BigInt(id));
    } catch (error) {
      this.#stored = undefined;
      throw error;
    }
  }
}

/** Of each of these series since when its samples of a stretch of time count, beside their times. */
export async function readStarts(
  clickhouse: Pick<ClickHouse, "queryInto">,
  ids: BigUint64Array,
  { timeSql, signal }: { timeSql: string; signal: AbortSignal },
): Promise<Map<bigint, Columns>> {
  const sql = `
    SELECT series_id, toFloat64(toUnixTimestamp64Milli(timestamp)), toFloat64(toUnixTimestamp64Milli(started))
    FROM starts FINAL WHERE series_id IN (${ids.join(",")}) AND ${timeSql}
    SETTINGS do_not_merge_across_partitions_select_final = 1`;
  const { columns } = await clickhouse.queryInto(sql, { signal, format: "Native" }, () => columnsOf(ids));
  return new Map(columns.flatMap((own, at) => (own ? [[ids[at] ?? 0n, own]] : [])));
}

/** Puts them beside the samples of the same times; 0 where it is not known. */
export function withStarts<S extends Pick<Series, "timestamps">>(
  series: S,
  starts: Columns | undefined,
): S & Pick<Series, "startTimestamps"> {
  if (!starts) return series;
  const startTimestamps = new Float64Array(series.timestamps.length);
  let next = 0;
  for (const [at, time] of series.timestamps.entries()) {
    while ((starts.timestamps[next] ?? Number.POSITIVE_INFINITY) < time) next++;
    if (starts.timestamps[next] === time) startTimestamps[at] = starts.values[next] ?? 0;
  }
  return { ...series, startTimestamps };
}
