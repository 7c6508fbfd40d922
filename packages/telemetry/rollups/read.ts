import type { ClickHouse } from "@havn/clickhouse";
import type { Labels } from "@havn/model";
import type { BucketColumn, BucketQuestion, BucketSeries } from "@havn/promql/querier";
import { readNative } from "../metrics/native.ts";
import type { StoreQuerier } from "../metrics/querier.ts";
import type { FoundSeries } from "../metrics/series-index.ts";
import { chooseTier, samplesReach } from "./choose.ts";
import { emptyColumns, foldSamples, joinBuckets } from "./fold.ts";
import type { Rollups } from "./rollups.ts";
import { hourMs, seconds, type TierName, tiers } from "./tiers.ts";

const idsAtOnce = 5_000;
const rowsAtOnce = 1_000_000;
/** Hours apart that got samples after they were rolled up: past so many, buckets are no gain. */
const mostLate = 24;

const columnSql: Record<BucketColumn, string> = {
  ...{ count: "count", first: "first", last: "last", min: "min", max: "max", sum: "sum" },
  ...{ dropped: "dropped", resets: "resets", changes: "changes", ended: "ended" },
  firstAt: "toUnixTimestamp64Milli(first_at)",
  lastAt: "toUnixTimestamp64Milli(last_at)",
};

interface Stretch {
  /** Milliseconds; (start, end], both at the edge of a bucket. */
  start: number;
  end: number;
  from: "tier" | "samples";
}

/**
 * A querier that answers from buckets too. What is rolled up is read from its tier; what came since, and hours that got
 * samples later, are folded from the samples.
 */
export function withBuckets(
  clickhouse: ClickHouse,
  querier: StoreQuerier,
  { rollups, hasHistograms, now }: { rollups: Rollups; hasHistograms: () => boolean; now: () => number },
): StoreQuerier {
  async function answer(question: BucketQuestion, signal: AbortSignal) {
    const { matchers, base, stride, count, rangeMs } = question;
    const rolled = rollups.rolled();
    if (!rolled) return undefined;
    const common = { rolled, now: now() };
    // Where samples of all series reach, most questions end here, before series are looked for.
    const least = { ...common, keeps: rollups.leastKept() };
    if (samplesReach(question, least) && !chooseTier(question, least)) return undefined;
    const range = { start: Math.max(0, base - rangeMs + 1), end: base + stride * (count - 1) };
    const found = await querier.find(matchers, range, signal);
    const keeps = rollups.keepsOfAll(found.labels);
    const choice = chooseTier(question, { ...common, keeps });
    if (!choice || found.ids.length === 0) return undefined;
    if (hasHistograms() && (await holdsHistograms(clickhouse, found, signal))) return undefined;
    const { resolutionMs } = tiers[choice.tier];
    const whole = {
      start: Math.floor((range.start - 1) / resolutionMs) * resolutionMs,
      end: choice.exact || !question.exact ? range.end : Math.floor(range.end / resolutionMs) * resolutionMs,
    };
    if (!choice.exact) whole.start -= resolutionMs;
    const stretches = stretchesOf(whole, { until: rolled.until, late: rollups.lateHours(keeps.raw) });
    if (!stretches) return undefined;
    return {
      ...{ name: choice.tier, resolutionMs, exact: choice.exact },
      series: read({ found, stretches, tier: choice.tier, columns: question.columns }, signal),
    };
  }

  interface Reading {
    found: FoundSeries;
    stretches: readonly Stretch[];
    tier: TierName;
    columns: readonly BucketColumn[];
  }

  /** A part of the series at a time, each whole. */
  async function* read(
    { found, stretches, tier, columns }: Reading,
    signal: AbortSignal,
  ): AsyncGenerator<BucketSeries> {
    const { resolutionMs } = tiers[tier];
    const span = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
    const count = Math.max(
      1,
      Math.min(idsAtOnce, Math.floor((rowsAtOnce * resolutionMs) / Math.max(1, span))),
    );
    for (let from = 0; from < found.ids.length; from += count) {
      const part: FoundSeries = {
        ids: found.ids.subarray(from, from + count),
        labels: found.labels.slice(from, from + count),
        dense: found.dense && count === idsAtOnce,
      };
      const parts = new Map<Labels, BucketSeries[]>();
      const add = (series: BucketSeries) => {
        const own = parts.get(series.labels);
        if (own) own.push(series);
        else parts.set(series.labels, [series]);
      };
      for (const stretch of stretches)
        if (stretch.from === "tier") (await readTier(part, { tier, columns, stretch, signal })).forEach(add);
        else
          for await (const batch of querier.read(
            part,
            { start: stretch.start + 1, end: stretch.end },
            { signal },
          ))
            for (const series of batch) add(foldSamples(series, resolutionMs));
      for (const labels of part.labels) {
        const whole = joinBuckets(parts.get(labels) ?? []);
        if (whole) yield whole;
      }
    }
  }

  async function readTier(
    { ids, labels, dense }: FoundSeries,
    how: { tier: TierName; columns: readonly BucketColumn[]; stretch: Stretch; signal: AbortSignal },
  ): Promise<BucketSeries[]> {
    const { start, end } = how.stretch;
    const which = dense ? `series_id BETWEEN ${ids[0]} AND ${ids.at(-1)}` : `series_id IN (${ids.join(",")})`;
    const values = how.columns.map((name) => `toFloat64(${columnSql[name]})`);
    const sql = `
      SELECT ${["series_id", "toFloat64(toUnixTimestamp(timestamp)) * 1000", ...values].join(", ")}
      FROM ${tiers[how.tier].table} FINAL
      WHERE ${which} AND timestamp > ${seconds(start)} AND timestamp <= ${seconds(end)}
      ORDER BY series_id, timestamp
      SETTINGS do_not_merge_across_partitions_select_final = 1`;
    const places = new Map(Array.from(ids, (id, at) => [id, at]));
    const pieces: { id: bigint; series: BucketSeries }[] = [];
    await clickhouse.queryInto(sql, { signal: how.signal, format: "Native" }, () =>
      readNative(how.columns.length + 2, ([idBits, ends, ...rest]) => {
        if (!idBits || !ends) return;
        const block = new BigUint64Array(idBits.buffer);
        for (let from = 0, to = 0; from < block.length; from = to) {
          while (to < block.length && block[to] === block[from]) to++;
          const at = places.get(block[from] ?? 0n);
          if (at === undefined) continue;
          const columns = { ...noColumns };
          for (const [place, name] of how.columns.entries())
            columns[name] = rest[place]?.subarray(from, to) ?? nothing;
          const series = { labels: labels[at] ?? {}, ends: ends.subarray(from, to), columns };
          pieces.push({ id: block[from] ?? 0n, series });
        }
      }),
    );
    return pieces.map(({ series }) => series);
  }

  return { ...querier, buckets: answer };
}

const nothing = new Float64Array(0);
const noColumns: Record<BucketColumn, Float64Array> = emptyColumns(0);

/** From which each part of (start, end] is read; undefined where there are too many parts. */
function stretchesOf(
  { start, end }: { start: number; end: number },
  { until, late }: { until: number; late: readonly number[] },
): Stretch[] | undefined {
  const stretches: Stretch[] = [];
  const touched = late
    .filter((hour) => hour > start && hour - hourMs < end && hour <= until)
    .sort((a, b) => a - b);
  if (touched.length > mostLate) return undefined;
  const add = (from: Stretch["from"], since: number, to: number) => {
    const piece = { start: Math.max(start, since), end: Math.min(end, to), from };
    if (piece.end > piece.start) stretches.push(piece);
  };
  let at = start;
  for (const hour of touched) {
    add("tier", at, hour - hourMs);
    add("samples", hour - hourMs, hour);
    at = hour;
  }
  add("tier", at, until);
  add("samples", Math.max(at, until), end);
  return stretches;
}

async function holdsHistograms(
  clickhouse: ClickHouse,
  { ids }: FoundSeries,
  signal: AbortSignal,
): Promise<boolean> {
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const some = ids.subarray(at, at + idsAtOnce).join(",");
    const rows = await clickhouse.rows(`SELECT 1 FROM histograms WHERE series_id IN (${some}) LIMIT 1`, {
      signal,
    });
    if (rows.length > 0) return true;
  }
  return false;
}
