import { type ClickHouse, ClickHouseError, type QueryOptions } from "@havn/clickhouse";
import { HavnError, type Labels } from "@havn/model";
import type { Matcher, Querier, Series, TimeRange } from "@havn/promql/querier";
import { ByteReader } from "../protocols/agent/bytes.ts";
import { histogramBody, type NativeHistogram, readHistogram } from "./histogram.ts";
import { seriesCondition } from "./matchers.ts";

const seriesAtOnce = 500;
const latest = 2 ** 42;

export interface QuerierLimits {
  /** Series that one selector may match. */
  series: number;
  /** Samples that one selector may read. */
  samples: number;
}

const defaultLimits: QuerierLimits = { series: 100_000, samples: 50_000_000 };

/** The engine's view of the tables `series` and `samples`. Beyond a limit it throws a HavnError 422. */
export function createQuerier(
  clickhouse: ClickHouse,
  /** Whether the table of native histograms holds any: most stores have none, and need not be asked for them. */
  hasHistograms: () => boolean,
  limits: QuerierLimits = defaultLimits,
): Querier {
  async function findSeries(sets: readonly (readonly Matcher[])[], range: TimeRange, signal: AbortSignal) {
    const { sql, params } = seriesCondition(sets, range);
    const bytes = await ask(
      `SELECT id, any(name), mapKeys(any(labels) AS map), mapValues(map) FROM series WHERE ${sql} GROUP BY id LIMIT ${limits.series + 1}`,
      { params, signal, format: "RowBinary" },
    );
    const found = decodeSeries(new ByteReader(bytes));
    if (found.length > limits.series)
      throw tooMuch(`more than ${limits.series} series`, "Add matchers so that it selects fewer.");
    return found.sort((a, b) => compareLabels(a.labels, b.labels));
  }

  async function ask(sql: string, options: QueryOptions): Promise<Uint8Array> {
    try {
      return await clickhouse.query(sql, options);
    } catch (error) {
      // 427 CANNOT_COMPILE_REGEXP
      if (error instanceof ClickHouseError && error.code === 427)
        throw new HavnError("A matcher's regular expression is not valid", {
          status: 400,
          cause: error,
          detail: "Write it in RE2's syntax.",
        });
      throw error;
    }
  }

  async function selectHistograms(
    series: readonly FoundSeries[],
    ...[start, end, limit, signal]: [number, number, number, AbortSignal]
  ) {
    if (!hasHistograms()) return new Map<bigint, TimedHistogram[]>();
    const sql = histogramsSql(series, start, end, limit);
    return decodeHistograms(new ByteReader(await ask(sql, { signal, format: "RowBinary" })));
  }

  return {
    async *select(matchers, range, signal) {
      const found = await findSeries([matchers], range, signal);
      const [start, end] = [clamp(Math.ceil(range.start)), clamp(Math.floor(range.end))];
      let left = limits.samples;
      for (let at = 0; at < found.length; at += seriesAtOnce) {
        const chunk = found.slice(at, at + seriesAtOnce);
        const [bytes, histograms] = await Promise.all([
          ask(samplesSql(chunk, start, end, left + 1), { signal, format: "RowBinary" }),
          selectHistograms(chunk, start, end, left + 1, signal),
        ]);
        const columns = decodeSamples(new ByteReader(bytes));
        for (const { id, labels } of chunk) {
          signal.throwIfAborted();
          const samples = withHistograms(columns.get(id), histograms.get(id));
          if (!samples) continue;
          left -= samples.timestamps.length;
          if (left < 0)
            throw tooMuch(`more than ${limits.samples} samples`, "Shorten its range or add matchers.");
          yield { labels, ...samples };
        }
      }
    },

    async labelNames(sets, range, signal) {
      const { sql, params } = seriesCondition(sets, range);
      const rows = await clickhouse.rows<{ label: string }>(
        `SELECT DISTINCT arrayJoin(arrayPushBack(mapKeys(labels), '__name__')) AS label FROM series WHERE ${sql}`,
        { params, signal },
      );
      return rows.map(({ label }) => label).sort();
    },

    async labelValues(name, sets, range, signal) {
      const { sql, params } = seriesCondition(sets, range);
      const column = name === "__name__" ? "name" : "labels[{label:String}]";
      const rows = await clickhouse.rows<{ value: string }>(
        `SELECT DISTINCT toString(${column}) AS value FROM series WHERE ${sql} AND value != ''`,
        { params: { ...params, label: name }, signal },
      );
      return rows.map(({ value }) => value).sort();
    },

    async series(sets, range, signal) {
      return (await findSeries(sets, range, signal)).map(({ labels }) => labels);
    },
  };
}

interface FoundSeries {
  id: bigint;
  labels: Labels;
}

/** FINAL takes the last written of samples with equal times, whether or not their parts were merged yet. */
function samplesSql(series: readonly FoundSeries[], start: number, end: number, limit: number): string {
  const ids = series.map(({ id }) => id).join(",");
  return `
    SELECT series_id, groupArray(toFloat64(toUnixTimestamp64Milli(timestamp))), groupArray(value) FROM (
      SELECT series_id, timestamp, value FROM samples FINAL
      WHERE series_id IN (${ids})
        AND timestamp BETWEEN fromUnixTimestamp64Milli(${start}, 'UTC') AND fromUnixTimestamp64Milli(${end}, 'UTC')
      LIMIT ${limit})
    GROUP BY series_id
    SETTINGS do_not_merge_across_partitions_select_final = 1`;
}

function histogramsSql(series: readonly FoundSeries[], start: number, end: number, limit: number): string {
  return `
    SELECT series_id, toFloat64(toUnixTimestamp64Milli(timestamp)), ${histogramBody} FROM histograms FINAL
    WHERE series_id IN (${series.map(({ id }) => id).join(",")})
      AND timestamp BETWEEN fromUnixTimestamp64Milli(${start}, 'UTC') AND fromUnixTimestamp64Milli(${end}, 'UTC')
    ORDER BY series_id, timestamp LIMIT ${limit}
    SETTINGS do_not_merge_across_partitions_select_final = 1`;
}

function decodeSeries(reader: ByteReader): FoundSeries[] {
  const found: FoundSeries[] = [];
  while (!reader.done) {
    const id = reader.uint64();
    const labels: Record<string, string> = { __name__: reader.string() };
    const names = Array.from({ length: reader.varint() }, () => reader.string());
    const values = Array.from({ length: reader.varint() }, () => reader.string());
    for (const [at, name] of names.entries()) labels[name] = values[at] ?? "";
    found.push({ id, labels });
  }
  return found;
}

type Columns = Pick<Series, "timestamps" | "values">;

interface TimedHistogram {
  time: number;
  histogram: NativeHistogram;
}

function decodeHistograms(reader: ByteReader): Map<bigint, TimedHistogram[]> {
  const found = new Map<bigint, TimedHistogram[]>();
  while (!reader.done) {
    const id = reader.uint64();
    const [time = 0] = reader.float64s(1);
    const own = found.get(id);
    const sample = { time, histogram: readHistogram(reader) };
    if (own) own.push(sample);
    else found.set(id, [sample]);
  }
  return found;
}

/** Both in order of time; of a number and a histogram at one time, the histogram stands. */
function withHistograms(
  numbers: Columns | undefined,
  histograms: readonly TimedHistogram[] | undefined,
): (Columns & { histograms?: (NativeHistogram | undefined)[] }) | undefined {
  if (!histograms) return numbers;
  const at = new Map(histograms.map(({ time, histogram }) => [time, histogram]));
  const numbersAt = new Map([...(numbers?.timestamps ?? [])].map((time, index) => [time, index]));
  const timestamps = Float64Array.from(new Set([...numbersAt.keys(), ...at.keys()])).sort();
  // Copied as bits: as numbers, staleness markers could lose what tells them from other NaNs.
  const bits = new BigUint64Array(timestamps.length);
  const from = numbers && new BigUint64Array(numbers.values.buffer, numbers.values.byteOffset);
  const beside = Array.from(timestamps, (time, index) => {
    const histogram = at.get(time);
    const number = numbersAt.get(time);
    if (!histogram && number !== undefined) bits[index] = from?.[number] ?? 0n;
    return histogram;
  });
  return { timestamps, values: new Float64Array(bits.buffer), histograms: beside };
}

function decodeSamples(reader: ByteReader): Map<bigint, Columns> {
  const columns = new Map<bigint, Columns>();
  while (!reader.done) {
    const id = reader.uint64();
    const timestamps = reader.float64s(reader.varint());
    const values = reader.float64s(reader.varint());
    columns.set(id, inOrder(timestamps, values));
  }
  return columns;
}

/** Rows of one series come from several parts and threads: mostly, but not always, in order. */
function inOrder(timestamps: Float64Array, values: Float64Array): Columns {
  let ascending = true;
  for (let at = 1; ascending && at < timestamps.length; at++)
    ascending = (timestamps[at] ?? 0) > (timestamps[at - 1] ?? 0);
  if (ascending) return { timestamps, values };
  const order = Uint32Array.from(timestamps.keys()).sort(
    (a, b) => (timestamps[a] ?? 0) - (timestamps[b] ?? 0),
  );
  const bits = new BigUint64Array(values.buffer);
  const sortedBits = new BigUint64Array(bits.length);
  const sorted = new Float64Array(timestamps.length);
  for (const [to, from] of order.entries()) {
    sorted[to] = timestamps[from] ?? 0;
    sortedBits[to] = bits[from] ?? 0n;
  }
  return { timestamps: sorted, values: new Float64Array(sortedBits.buffer) };
}

/** Prometheus' order: the first label that differs decides, by name, then by value; the shorter set comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const [left, right] = [Object.keys(a).sort(), Object.keys(b).sort()];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [leftName, rightName] = [left[at] ?? "", right[at] ?? ""];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    const [leftValue, rightValue] = [a[leftName] ?? "", b[rightName] ?? ""];
    if (leftValue !== rightValue) return leftValue < rightValue ? -1 : 1;
  }
  return left.length - right.length;
}

function clamp(milliseconds: number): number {
  return Math.min(latest, Math.max(0, milliseconds));
}

function tooMuch(what: string, detail: string): HavnError {
  return new HavnError(`The query selects ${what}`, { status: 422, detail });
}
