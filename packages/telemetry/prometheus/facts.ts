import type { ClickHouse } from "@havn/clickhouse";
import type { Labels } from "@havn/model";
import type { Matcher, TimeRange } from "@havn/promql/querier";
import type { Metadata } from "../metrics/batch.ts";
import { seriesCondition } from "../metrics/matchers.ts";

export interface Exemplars {
  seriesLabels: Labels;
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}

/** What the store knows of itself and of its metrics, in the form of Prometheus' API. */
export interface StoreFacts {
  /** Of one metric, or of all, by name. */
  metadata(name: string | undefined, signal: AbortSignal): Promise<Metadata[]>;
  exemplars(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<Exemplars[]>;
  /** Of today's series. */
  cardinality(limit: number, signal: AbortSignal): Promise<unknown>;
  runtime(): Record<string, unknown>;
  flags(): Record<string, string>;
}

const mostExemplars = 10_000;

interface ExemplarRow {
  id: string;
  name: string;
  labels: Record<string, string>;
  at: string;
  value: string;
  own: Record<string, string>;
}

export function createFacts(
  clickhouse: ClickHouse,
  { samplesDays, runtime }: { samplesDays: number; runtime: () => Record<string, unknown> },
): StoreFacts {
  async function counts(what: string, from: string, limit: number, signal: AbortSignal) {
    const rows = await clickhouse.rows<{ name: string; value: string }>(
      `SELECT ${what} AS name, toString(uniqExact(id) AS many) AS value FROM ${from} WHERE day = today()
       GROUP BY name ORDER BY many DESC, name LIMIT ${limit}`,
      { signal },
    );
    return rows.map(({ name, value }) => ({ name, value: Number(value) }));
  }

  return {
    metadata: (name, signal) =>
      clickhouse.rows<Metadata>(
        `SELECT name, type, unit, help FROM metadata FINAL ${name === undefined ? "" : "WHERE name = {name:String}"} ORDER BY name`,
        { params: name === undefined ? {} : { name }, signal },
      ),
    async exemplars(sets, range, signal) {
      const { sql, params } = seriesCondition(sets, range);
      const [start, end] = [Math.max(0, Math.ceil(range.start)), Math.floor(range.end)];
      const rows = await clickhouse.rows<ExemplarRow>(
        `SELECT toString(e.series_id) AS id, s.metric AS name, s.pairs AS labels, e.labels AS own,
                toString(toUnixTimestamp64Milli(e.timestamp)) AS at, toString(e.value) AS value
         FROM exemplars AS e FINAL
         INNER JOIN (SELECT id, any(name) AS metric, any(labels) AS pairs FROM series WHERE ${sql} GROUP BY id) AS s
           ON s.id = e.series_id
         WHERE e.timestamp BETWEEN fromUnixTimestamp64Milli(${start}, 'UTC') AND fromUnixTimestamp64Milli(${end}, 'UTC')
         ORDER BY e.series_id, e.timestamp LIMIT ${mostExemplars}`,
        { params, signal },
      );
      const series = new Map<string, Exemplars>();
      for (const { id, name, labels, own, at, value } of rows) {
        const known = series.get(id) ?? { seriesLabels: { __name__: name, ...labels }, exemplars: [] };
        series.set(id, known);
        known.exemplars.push({ labels: own, value, timestamp: Number(at) / 1000 });
      }
      return [...series.values()];
    },
    async cardinality(limit, signal) {
      const pairs = "(SELECT day, id, arrayJoin(labels) AS pair FROM series)";
      const [total] = await clickhouse.rows<{ series: string; pairs: string }>(
        "SELECT toString(uniqExact(id)) AS series, toString(uniqExact(name)) AS pairs FROM series WHERE day = today()",
        { signal },
      );
      const labelValues = await clickhouse.rows<{ name: string; value: string }>(
        `SELECT pair.1 AS name, toString(uniqExact(pair.2) AS many) AS value FROM ${pairs} WHERE day = today()
         GROUP BY name ORDER BY many DESC, name LIMIT ${limit}`,
        { signal },
      );
      return {
        headStats: { numSeries: Number(total?.series ?? 0) },
        seriesCountByMetricName: await counts("name", "series", limit, signal),
        labelValueCountByLabelName: labelValues.map(({ name, value }) => ({ name, value: Number(value) })),
        seriesCountByLabelValuePair: await counts("concat(pair.1, '=', pair.2)", pairs, limit, signal),
        memoryInBytesByLabelName: [],
      };
    },
    runtime: () => ({ storageRetention: `${samplesDays}d`, reloadConfigSuccess: true, ...runtime() }),
    flags: () => ({
      "storage.tsdb.retention.time": `${samplesDays}d`,
      "web.enable-remote-write-receiver": "true",
      "web.enable-otlp-receiver": "true",
    }),
  };
}
