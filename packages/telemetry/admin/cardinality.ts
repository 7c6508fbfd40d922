import type { ClickHouse } from "@havn/clickhouse";
import type { Matcher, TimeRange } from "@havn/promql/querier";
import { seriesCondition } from "../metrics/matchers.ts";

/** How many series there are, and what they are many of. */
export interface Cardinality {
  series: number;
  names: { value: string; series: number }[];
  /** Labels by how many values they have: one with a value for every request stands first. */
  labels: { value: string; values: number; series: number }[];
  targets: { environment: string; job: string; instance: string; series: number }[];
  /** By service and release: which deploy brought them. */
  releases: { environment: string; service: string; release: string; series: number }[];
}

interface Rows {
  query: string;
  limit: number;
  signal: AbortSignal;
}

export async function readCardinality(
  clickhouse: ClickHouse,
  {
    sets,
    range,
    limit,
    signal,
  }: { sets: readonly (readonly Matcher[])[]; range: TimeRange } & Omit<Rows, "query">,
): Promise<Cardinality> {
  const { sql, params } = seriesCondition(sets, range);
  const rows = <R>(query: string) => clickhouse.rows<R>(query, { params, signal });
  const chosen = `(SELECT id, any(name) AS metric, any(labels) AS pairs FROM series WHERE ${sql} GROUP BY id)`;
  const top = `ORDER BY n DESC, 1 LIMIT ${limit}`;
  const [total, names, labels, targets, releases] = await Promise.all([
    rows<{ n: string }>(`SELECT toString(count()) AS n FROM ${chosen}`),
    rows<Row>(
      `SELECT toString(metric) AS value, toUInt32(count()) AS n FROM ${chosen} GROUP BY value ${top}`,
    ),
    rows<Row & { many: number }>(
      `SELECT pair.1 AS value, toUInt32(uniqExact(pair.2)) AS many, toUInt32(count()) AS n
       FROM (SELECT arrayJoin(pairs) AS pair FROM ${chosen}) GROUP BY value ORDER BY many DESC, n DESC, value LIMIT ${limit}`,
    ),
    rows<Record<"environment" | "job" | "instance", string> & { n: number }>(
      `SELECT pairs['env'] AS environment, pairs['job'] AS job, pairs['instance'] AS instance, toUInt32(count()) AS n
       FROM ${chosen} GROUP BY environment, job, instance ${top}`,
    ),
    rows<Record<"environment" | "service" | "release", string> & { n: number }>(
      `SELECT pairs['env'] AS environment, pairs['service'] AS service, pairs['release'] AS release, toUInt32(count()) AS n
       FROM ${chosen} WHERE release != '' GROUP BY environment, service, release ${top}`,
    ),
  ]);
  return {
    series: Number(total[0]?.n ?? 0),
    names: names.map(({ value, n }) => ({ value, series: n })),
    labels: labels.map(({ value, many, n }) => ({ value, values: many, series: n })),
    targets: targets.map(({ n, ...target }) => ({ ...target, series: n })),
    releases: releases.map(({ n, ...release }) => ({ ...release, series: n })),
  };
}

interface Row {
  value: string;
  n: number;
}
