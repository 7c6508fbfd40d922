import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RawResponse } from "@havn/http";
import type { HavnError } from "@havn/model";
import { z } from "zod";
import type { InstantResult, RangeResult, RangeSamples } from "../engine.ts";
import { PromqlError } from "../errors.ts";
import type { TierUse } from "../evaluate/evaluation.ts";
import { formatValue } from "../format.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { type Bucket, bucketsOf } from "../histogram/walk.ts";
import { JsonWriter, type Openings, openingsOf } from "./writer.ts";

/** What every route answers; `data` differs. */
export const answerSchema = z.object({
  status: z.literal("success"),
  data: z.unknown(),
  warnings: z.array(z.string()).optional(),
  infos: z.array(z.string()).optional(),
  tiers: z
    .array(z.object({ resolution: z.string(), exact: z.boolean() }))
    .optional()
    .describe(
      'what the answer stands on: "raw" (samples), or how long the buckets are; exact: as samples would have answered',
    ),
});

interface Notes {
  warnings?: readonly string[];
  infos?: readonly string[];
  tiers?: readonly TierUse[] | undefined;
}

export function answer(data: unknown, notes: Notes = {}): RawResponse {
  const body = {
    status: "success",
    data,
    ...(notes.warnings?.length && { warnings: notes.warnings }),
    ...(notes.infos?.length && { infos: notes.infos }),
    ...(notes.tiers?.length && { tiers: notes.tiers }),
  };
  return new RawResponse(JSON.stringify(body), {
    "content-type": "application/json",
    "cache-control": "no-store",
  });
}

const truncated = "results truncated due to limit";

/** At most `limit` of them, and the warning that Prometheus gives where some were left out. */
export function limited<T>(items: readonly T[], limit: number): { items: readonly T[]; warnings: string[] } {
  return items.length > limit
    ? { items: items.slice(0, limit), warnings: [truncated] }
    : { items, warnings: [] };
}

/** `more`: what `data` holds beside the result. */
export function answerResult(
  result: InstantResult | RangeResult,
  limit: number,
  more: Readonly<Record<string, unknown>> = {},
): RawResponse {
  const notes = (beside: readonly string[]) => ({
    warnings: [...result.warnings, ...beside],
    infos: result.infos,
    tiers: result.tiers,
  });
  switch (result.type) {
    case "scalar": {
      const data = { resultType: "scalar", result: point(result.timestamp, result.value), ...more };
      return answer(data, notes([]));
    }
    case "string": {
      const data = { resultType: "string", result: [result.timestamp / 1000, result.value], ...more };
      return answer(data, notes([]));
    }
    case "vector": {
      const { items, warnings } = limited(result.vector, limit);
      const elements = items.map(({ labels, timestamp, value, histogram }) => ({
        metric: labels,
        ...(histogram
          ? { histogram: [timestamp / 1000, histogramOf(histogram)] }
          : { value: point(timestamp, value) }),
      }));
      return answer({ resultType: "vector", result: elements, ...more }, notes(warnings));
    }
    case "matrix": {
      const { items, warnings } = limited(result.matrix, limit);
      return answerMatrix(items, notes(warnings), more);
    }
  }
}

/** So many points are written in one turn of the process, which has other work: agents, probes, other callers. */
const pointsAtOnce = 100_000;

/** As `answer`, but a large result goes out piece by piece: whole, it would stand still for it and hold it three times. */
function answerMatrix(
  matrix: readonly RangeSamples[],
  notes: Notes,
  more: Readonly<Record<string, unknown>>,
): RawResponse {
  const points = matrix.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const { body, headers } = answer({ resultType: "matrix", result: [], ...more }, notes);
  const [before = "", after = ""] = String(body).split(/(?<="result":\[)(?=\])/);
  const written = pieces(matrix, { before, after });
  if (points <= pointsAtOnce) return new RawResponse(Buffer.concat([...written]), headers);
  return new RawResponse(Readable.from(turnByTurn(written), { objectMode: false }), headers);
}

async function* turnByTurn(written: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of written) {
    yield piece;
    await nextTurn();
  }
}

function* pieces(
  matrix: readonly RangeSamples[],
  around: { before: string; after: string },
): Generator<Uint8Array> {
  const writer = new JsonWriter();
  let points = 0;
  writer.text(around.before);
  for (const [i, series] of matrix.entries()) {
    if (i > 0) writer.text(",");
    writeSeries(writer, series);
    points += series.timestamps.length;
    if (points < pointsAtOnce) continue;
    yield writer.take();
    points = 0;
  }
  writer.text(around.after);
  yield writer.take();
}

const point = (timestamp: number, value: number): [number, string] => [timestamp / 1000, formatValue(value)];

let latest: { times: Float64Array; openings: Openings } | undefined;

/** All series of a result are evaluated at the same times, and so are the panels of a dashboard. */
function openingsFor(times: Float64Array): Openings {
  if (latest?.times !== times && !(latest && areEqual(latest.times, times)))
    latest = { times, openings: openingsOf(times) };
  return latest.openings;
}

const areEqual = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && a.every((time, i) => time === b[i]);

function writeSeries(writer: JsonWriter, { labels, timestamps, values, histograms }: RangeSamples): void {
  writer.text(`{"metric":${JSON.stringify(labels)}`);
  if (values.length > 0 || !histograms) {
    writer.text(',"values":[');
    writer.points(openingsFor(timestamps), values);
    writer.text("]");
  }
  if (histograms)
    writer.text(
      `,"histograms":${JSON.stringify(
        histograms.map(({ timestamp, histogram }) => [timestamp / 1000, histogramOf(histogram)]),
      )}`,
    );
  writer.text("}");
}

/** Which bounds of a bucket belong to it, as Prometheus numbers that: the upper, the lower, neither, both. */
function boundaryOf({ lower, upper }: Bucket): 0 | 1 | 2 | 3 {
  if (lower < 0) return upper > 0 ? 3 : 1;
  if (upper > 0) return 0;
  return lower === 0 && upper === 0 ? 3 : 2;
}

/** Buckets as `[which bounds belong to it, lower, upper, count]`, from the lowest; left out where there is none. */
function histogramOf(histogram: Histogram): {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
} {
  const buckets = bucketsOf(histogram).map((bucket): [number, string, string, string] => [
    boundaryOf(bucket),
    formatValue(bucket.lower),
    formatValue(bucket.upper),
    formatValue(bucket.count),
  ]);
  return {
    count: formatValue(histogram.count),
    sum: formatValue(histogram.sum),
    ...(buckets.length > 0 && { buckets }),
  };
}

/** Failures in Prometheus' form: clients such as Grafana read `error`. */
export function mapError(error: HavnError): { status: number; body: unknown } {
  if (error instanceof PromqlError)
    return { status: error.status, body: { status: "error", errorType: error.type, error: error.message } };
  const errorType = error.status === 503 ? "unavailable" : error.status >= 500 ? "internal" : "bad_data";
  const text = error.detail ? `${error.message}. ${error.detail}` : error.message;
  return { status: error.status, body: { status: "error", errorType, error: text } };
}
