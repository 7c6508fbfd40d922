import type { ClickHouse } from "@havn/clickhouse";
import { HavnError, type Labels, labelsKey } from "@havn/model";
import type { Matcher, Querier, Reads, Series, TimeRange } from "@havn/promql/querier";
import { ByteReader } from "../protocols/agent/bytes.ts";
import { histogramBody, type NativeHistogram, readHistogram } from "./histogram.ts";
import { seriesCondition } from "./matchers.ts";
import type { Reading as KnownSamples } from "./reading.ts";
import type { SampleCache } from "./sample-cache.ts";
import { type Columns, columnsOf } from "./sample-columns.ts";
import { createSeriesIndex, denseShare, type FoundSeries, type SeriesIndex } from "./series-index.ts";
import { readStarts, StartedSeries, withStarts } from "./starts.ts";
import type { StoredSeries } from "./stored-series.ts";

/** Samples that are asked for at once: some 10 MB on the way. */
const samplesAtOnce = 400_000;
/** Ids that a query may list; its text stays under ClickHouse's usual limit of 256 KiB. */
const idsAtOnce = 5_000;
/** Until it is known how far apart a selection's samples lie. */
const usualIntervalMs = 15_000;
const latest = 2 ** 42;

export interface QuerierLimits {
  /** Series that one selector may match. */
  series: number;
  /** Samples that one selector may read. */
  samples: number;
}

export interface QuerierOptions {
  /** Whether the table of native histograms holds any: most stores have none, and need not be asked for them. */
  hasHistograms: () => boolean;
  /** What is stored in the table of series: what was found before may be remembered as long as nothing of it is selected. */
  storedSeries: StoredSeries;
  /** Which series have samples of which it is known since when they count. */
  startedSeries?: StartedSeries;
  limits?: QuerierLimits | undefined;
  /** Told of every write to the table of samples. */
  cache?: SampleCache | undefined;
}

/** A querier whose series may be found once and read by stretches of time. */
export interface StoreQuerier extends Querier {
  find: SeriesIndex["find"];
  /** As `selectBatches`, of series that were found; each has the very `labels` that it was found with. */
  read(
    found: FoundSeries,
    range: TimeRange,
    how: { signal: AbortSignal; reads?: Reads },
  ): AsyncIterable<readonly Series[]>;
}

const defaultLimits: QuerierLimits = { series: 100_000, samples: 50_000_000 };

/** The engine's view of the tables `series` and `samples`. Beyond a limit it throws a HavnError 422. */
export function createQuerier(
  clickhouse: ClickHouse,
  {
    hasHistograms,
    storedSeries,
    startedSeries = new StartedSeries(clickhouse),
    limits = defaultLimits,
    cache,
  }: QuerierOptions,
): StoreQuerier {
  const index = createSeriesIndex(clickhouse, { stored: storedSeries, most: limits.series });

  /** The reads of a selection follow one another: what one brings, those behind it need not ask for. */
  const filling = new WeakMap<Labels[], Promise<unknown>>();

  async function fill(
    kept: SampleCache,
    selected: Selected,
    how: Reading & Pick<FoundSeries, "dense" | "labels">,
  ): Promise<"known" | "filled" | "full"> {
    if (!kept.open(selected.numbers, how.range).missing) return "known";
    const before = filling.get(how.labels);
    const own = (async () => {
      await before?.catch(() => undefined); // whoever asked is told
      how.signal.throwIfAborted();
      return fillNow(kept, selected, how);
    })();
    filling.set(how.labels, own);
    return own;
  }

  /** What is not in memory is read by whole slots and kept, unless there is too much of it. */
  async function fillNow(
    kept: SampleCache,
    { ids, numbers }: Selected,
    how: Reading & { dense: boolean },
  ): Promise<"known" | "filled" | "full"> {
    const { missing } = kept.open(numbers, how.range);
    if (!missing) return "known";
    const { places, range } = missing;
    const asOf = kept.written;
    const all = places.length === ids.length;
    const own = all ? ids : BigUint64Array.from(places, (at) => ids[at] ?? 0n);
    const ownNumbers = all ? numbers : Int32Array.from(places, (at) => numbers[at] ?? 0);
    const limit = how.limit * 4;
    const dense = how.dense && own.length * denseShare >= ids.length;
    const stored = await readStored(own, dense, { ...how, range, limit });
    const whole = stored.samples < limit && kept.put(ownNumbers, stored.columns, { range, asOf });
    return whole ? "filled" : "full";
  }

  async function readChunk(found: FoundSeries, chunk: Chunk, how: Reading): Promise<ReadChunk> {
    const ids = found.ids.subarray(chunk.from, chunk.to);
    const { dense, labels } = found;
    const throughMemory = (kept: SampleCache) => {
      const numbers = kept.numbersOf(found.ids).subarray(chunk.from, chunk.to);
      return readThrough(kept, { ids, numbers }, { ...how, dense, labels });
    };
    const [numbers, histograms, starts] = await Promise.all([
      how.kept ? throughMemory(how.kept) : readStored(ids, dense, how),
      selectHistograms(ids, how),
      selectStarts(found.ids, chunk, how),
    ]);
    return { chunk, ...numbers, histograms, starts };
  }

  async function readThrough(
    kept: SampleCache,
    selected: Selected,
    how: Reading & Pick<FoundSeries, "dense" | "labels">,
  ): Promise<Numbers> {
    const before = await fill(kept, selected, how);
    const reading = kept.open(selected.numbers, how.range);
    // Something may have been let go of meanwhile, by another question.
    if (reading.missing)
      return { ...(await readStored(selected.ids, how.dense, how)), full: before === "full" };
    if (before === "known") tellMemory(how.reads, reading);
    const columns = [...reading.batches({ reuse: false })].flat();
    return { columns, samples: columns.reduce((sum, own) => sum + (own?.values.length ?? 0), 0) };
  }

  async function readStored(ids: BigUint64Array, dense: boolean, how: Reading): Promise<Numbers> {
    const { columns, contested, samples } = await readSamples(ids, samplesSql(ids, dense, how), how);
    if (contested.length > 0) await settle(ids, columns, contested, how);
    return { columns, samples };
  }

  async function readSamples(ids: BigUint64Array, sql: string, { signal, reads }: Reading) {
    const before = performance.now();
    let bytes = 0;
    const read = await clickhouse.queryInto(sql, { signal, format: "Native" }, () => {
      const { push, end } = columnsOf(ids);
      const counted = (chunk: Buffer) => {
        bytes += chunk.length;
        push(chunk);
      };
      return { push: counted, end };
    });
    if (reads) {
      reads.store.queries++;
      reads.store.samples += read.samples;
      reads.store.bytes += bytes;
      reads.store.milliseconds += performance.now() - before;
    }
    return read;
  }

  /** FINAL takes the last written of samples with equal times; asked only where it matters, since it costs much. */
  async function settle(
    ids: BigUint64Array,
    columns: (Columns | undefined)[],
    contested: readonly number[],
    how: Reading,
  ): Promise<void> {
    const own = BigUint64Array.from(contested, (at) => ids[at] ?? 0n);
    const sql = samplesSql(own, false, { ...how, final: true });
    const settled = await readSamples(own, sql, how);
    for (const [place, at] of contested.entries()) columns[at] = settled.columns[place];
  }

  async function selectHistograms(ids: BigUint64Array, { range, limit, signal }: Reading) {
    if (!hasHistograms()) return new Map<bigint, TimedHistogram[]>();
    const sql = histogramsSql(ids, range, limit);
    return decodeHistograms(new ByteReader(await clickhouse.query(sql, { signal, format: "RowBinary" })));
  }

  async function selectStarts(ids: BigUint64Array, { from, to }: Chunk, { range, signal }: Reading) {
    const places = (await startedSeries.placesIn(ids)).filter((at) => at >= from && at < to);
    if (places.length === 0) return undefined;
    const own = BigUint64Array.from(places, (at) => ids[at] ?? 0n);
    return readStarts(clickhouse, own, { timeSql: timeSql(range), signal });
  }

  /** Those that a selector found before. */
  const remembered = new WeakSet<FoundSeries>();

  async function* selectBatches(
    matchers: readonly Matcher[],
    asked: TimeRange,
    { signal, reads }: { signal: AbortSignal; reads?: Reads },
  ): AsyncGenerator<Series[]> {
    const found = await index.find(matchers, asked, signal);
    if (reads) reads.index[remembered.has(found) ? "remembered" : "searched"]++;
    remembered.add(found);
    yield* read(found, asked, { signal, ...(reads && { reads }) });
  }

  async function* read(
    found: FoundSeries,
    asked: TimeRange,
    { signal, reads }: { signal: AbortSignal; reads?: Reads },
  ): AsyncGenerator<Series[]> {
    const range = { start: clamp(Math.ceil(asked.start)), end: clamp(Math.floor(asked.end)) };
    const spend = spender(limits.samples);
    const kept = cache?.hasRoomFor(found.ids.length, range) ? cache : undefined;
    const beside = hasHistograms() || (await startedSeries.placesIn(found.ids)).length > 0;
    const known = beside ? undefined : kept?.open(kept.numbersOf(found.ids), range);
    if (known && !known.missing) {
      tellMemory(reads, known);
      yield* fromMemory(found, known, spend);
    } else yield* fromStore(found, { range, signal, kept, spend, reads });
  }

  function* fromMemory(found: FoundSeries, known: KnownSamples, spend: (samples: number) => void) {
    let next = 0;
    for (const columns of known.batches({ reuse: true })) {
      const batch: Series[] = [];
      for (const numbers of columns) {
        const labels = found.labels[next++] ?? {};
        if (!numbers) continue;
        spend(numbers.timestamps.length);
        batch.push({ labels, ...numbers });
      }
      yield batch;
    }
  }

  async function* fromStore(
    found: FoundSeries,
    {
      spend,
      ...how
    }: Pick<Reading, "range" | "signal" | "kept" | "reads"> & { spend: (samples: number) => number },
  ): AsyncGenerator<Series[]> {
    const { range } = how;
    let { kept } = how;
    let perSeries = Math.max(1, (range.end - range.start) / usualIntervalMs);
    const start = (from: number): Promise<ReadChunk> | undefined => {
      if (from >= found.ids.length) return undefined;
      const most = found.dense ? found.ids.length : idsAtOnce;
      const count = Math.max(1, Math.min(most, Math.floor(samplesAtOnce / perSeries)));
      const chunk = { from, to: Math.min(found.ids.length, from + count) };
      const reading = readChunk(found, chunk, { ...how, limit: spend(0) + 1, kept });
      reading.catch(() => undefined); // who awaits it is told; it may be given up before
      return reading;
    };
    for (let next = start(0); next; ) {
      const { chunk, columns, histograms, starts, samples, full } = await next;
      if (full) kept = undefined;
      perSeries = Math.max(1, samples / (chunk.to - chunk.from));
      // The next is read while this is worked on.
      next = start(chunk.to);
      const batch: Series[] = [];
      for (const [at, numbers] of columns.entries()) {
        const id = found.ids[chunk.from + at] ?? 0n;
        const whole = withHistograms(numbers, histograms.get(id));
        if (!whole) continue;
        spend(whole.timestamps.length);
        const labels = found.labels[chunk.from + at] ?? {};
        batch.push(withStarts({ labels, ...whole }, starts?.get(id)));
      }
      yield batch;
    }
  }

  return {
    find: index.find,
    read,
    selectBatches,

    async *select(matchers, asked, signal) {
      for await (const batch of selectBatches(matchers, asked, { signal }))
        for (const series of batch) {
          signal.throwIfAborted();
          yield { ...series, values: series.values.slice() };
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
      const { labels } = await index.search(sets, range, signal);
      const keyed = labels.map((own) => ({ own, key: labelsKey(own) }));
      return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ own }) => own);
    },
  };
}

function tellMemory(reads: Reads | undefined, known: KnownSamples): void {
  if (!reads) return;
  const { samples, bytes } = known.extent();
  reads.memory.samples += samples;
  reads.memory.bytes += bytes;
}

/** Counts samples down; gives what is left. */
function spender(most: number): (samples: number) => number {
  let left = most;
  return (samples) => {
    left -= samples;
    if (left >= 0) return left;
    throw new HavnError(`The query selects more than ${most} samples`, {
      status: 422,
      detail: "Shorten its range or add matchers.",
    });
  };
}

/** Series with the numbers that they have in memory. */
interface Selected {
  ids: BigUint64Array;
  numbers: Int32Array;
}

interface Chunk {
  from: number;
  to: number;
}

interface Reading {
  range: { start: number; end: number };
  limit: number;
  signal: AbortSignal;
  final?: boolean;
  kept?: SampleCache | undefined;
  reads?: Reads | undefined;
}

interface Numbers {
  columns: (Columns | undefined)[];
  /** Rows that came, or that were read from memory. */
  samples: number;
  /** Memory does not hold what is asked. */
  full?: boolean;
}

interface ReadChunk extends Numbers {
  chunk: Chunk;
  histograms: Map<bigint, TimedHistogram[]>;
  starts: Map<bigint, Columns> | undefined;
}

/** `dense`: all series between the first and the last id, for who reads it to skip those that were not meant. */
function samplesSql(ids: BigUint64Array, dense: boolean, { range, limit, final }: Reading): string {
  const which = dense ? `series_id BETWEEN ${ids[0]} AND ${ids.at(-1)}` : `series_id IN (${ids.join(",")})`;
  return `
    SELECT series_id, toFloat64(toUnixTimestamp64Milli(timestamp)), value FROM samples ${final ? "FINAL" : ""}
    WHERE ${which} AND ${timeSql(range)} LIMIT ${limit}
    ${final ? "SETTINGS do_not_merge_across_partitions_select_final = 1" : ""}`;
}

function histogramsSql(ids: BigUint64Array, range: Reading["range"], limit: number): string {
  return `
    SELECT series_id, toFloat64(toUnixTimestamp64Milli(timestamp)), ${histogramBody} FROM histograms FINAL
    WHERE series_id IN (${ids.join(",")}) AND ${timeSql(range)}
    ORDER BY series_id, timestamp LIMIT ${limit}
    SETTINGS do_not_merge_across_partitions_select_final = 1`;
}

const timeSql = ({ start, end }: Reading["range"]) =>
  `timestamp BETWEEN fromUnixTimestamp64Milli(${start}, 'UTC') AND fromUnixTimestamp64Milli(${end}, 'UTC')`;

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

function clamp(milliseconds: number): number {
  return Math.min(latest, Math.max(0, milliseconds));
}
