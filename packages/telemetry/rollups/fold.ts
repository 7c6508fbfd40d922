import { type BucketColumn, type BucketSeries, bucketColumns, type Series } from "@havn/promql/querier";

type Columns = BucketSeries["columns"];

/** What samples were by buckets, as roll-up.ts has it: for what is not rolled up yet. */
export function foldSamples({ labels, timestamps, values }: Series, resolutionMs: number): BucketSeries {
  const places: { end: number; from: number; to: number }[] = [];
  for (let from = 0, to = 0; from < timestamps.length; from = to) {
    const end = Math.ceil((timestamps[from] ?? 0) / resolutionMs) * resolutionMs;
    while (to < timestamps.length && (timestamps[to] ?? 0) <= end) to++;
    places.push({ end, from, to });
  }
  const columns = emptyColumns(places.length);
  for (const [at, { from, to }] of places.entries())
    foldBucket({ timestamps, values }, { from, to }, columns, at);
  return { labels, ends: Float64Array.from(places, ({ end }) => end), columns };
}

export function emptyColumns(length: number): Columns {
  const entries = bucketColumns.map((name) => [name, new Float64Array(length)]);
  return Object.fromEntries(entries) as Record<BucketColumn, Float64Array>;
}

function foldBucket(
  { timestamps, values }: Pick<Series, "timestamps" | "values">,
  { from, to }: { from: number; to: number },
  into: Columns,
  at: number,
): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const bucket: Record<BucketColumn, number> = { ...nothing };
  let before = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    if (Number.isNaN(value) && isStale(bits, i)) {
      bucket.ended = 1;
      continue;
    }
    bucket.ended = 0;
    if (bucket.count++ === 0) {
      bucket.first = value;
      bucket.firstAt = timestamps[i] ?? 0;
    } else {
      if (value < before) {
        bucket.dropped += before;
        bucket.resets++;
      }
      if (value !== before && !(Number.isNaN(value) && Number.isNaN(before))) bucket.changes++;
    }
    bucket.sum += value;
    if (Number.isNaN(bucket.min) || value < bucket.min) bucket.min = value;
    if (Number.isNaN(bucket.max) || value > bucket.max) bucket.max = value;
    bucket.last = before = value;
    bucket.lastAt = timestamps[i] ?? 0;
  }
  for (const name of bucketColumns) into[name][at] = bucket[name];
}

const nothing: Record<BucketColumn, number> = {
  ...{ count: 0, first: 0, last: 0, min: Number.NaN, max: Number.NaN, sum: 0 },
  ...{ dropped: 0, resets: 0, changes: 0, firstAt: 0, lastAt: 0, ended: 0 },
};

const isStale = (bits: Uint32Array, i: number): boolean =>
  bits[i * 2] === 2 && ((bits[i * 2 + 1] ?? 0) & 0xfff7ffff) === 0x7ff00000;

/** Stretches of one series in order of time, one after the other. */
export function joinBuckets(parts: readonly BucketSeries[]): BucketSeries | undefined {
  const [first] = parts;
  if (!first || parts.length === 1) return first;
  const join = (of: (part: BucketSeries) => Float64Array) => {
    const joined = new Float64Array(parts.reduce((sum, part) => sum + of(part).length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(of(part), at);
      at += of(part).length;
    }
    return joined;
  };
  const columns = bucketColumns.map((name) => [name, join((part) => part.columns[name])]);
  return {
    labels: first.labels,
    ends: join(({ ends }) => ends),
    columns: Object.fromEntries(columns) as Record<BucketColumn, Float64Array>,
  };
}
