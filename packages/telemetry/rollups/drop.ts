import type { ClickHouse } from "@havn/clickhouse";
import { seconds, tierNames, tiers } from "./tiers.ts";

/**
 * Deletes buckets of series: all there are, or those that [start, end] touches (milliseconds). Hours that are touched are
 * made anew of the five minutes that are left of them.
 */
export async function dropBuckets(
  clickhouse: ClickHouse,
  ids: readonly string[],
  range: { start: number; end: number } | undefined,
): Promise<void> {
  if (ids.length === 0) return;
  const which = `series_id IN (${ids.join(",")})`;
  for (const tier of tierNames) {
    const { table, resolutionMs } = tiers[tier];
    const touched = range
      ? ` AND timestamp >= ${seconds(range.start)} AND timestamp < ${seconds(range.end + resolutionMs)}`
      : "";
    await clickhouse.execute(`DELETE FROM ${table} WHERE ${which}${touched}`);
  }
  if (!range) await clickhouse.execute(`DELETE FROM late WHERE ${which}`);
}
