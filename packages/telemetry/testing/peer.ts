import type { Histogram, Series } from "@havn/promql";
import type { Answer, AnswerSeries, GeneratedQuery } from "@havn/promql/differential";
import { encodeSnappy } from "../protocols/snappy.ts";
import { type Field, message, packed, seriesV1 } from "./protobuf.ts";

/** A request of remote write 1.0 with all samples of some series, snappy and all. */
export const writeRequest = (...series: readonly Series[]): Uint8Array =>
  encodeSnappy(message(...series.map(seriesField)));

function seriesField({ labels, timestamps, values, histograms }: Series): Field {
  const bits = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const samples = [...timestamps].map((time, i): Field => {
    const histogram = histograms?.[i];
    if (histogram) return [4, "bytes", histogramMessage(histogram, time)];
    // The bits as they are, those of a staleness marker above all, which a number need not keep.
    const value = Uint8Array.of(0x09, ...bits.subarray(i * 8, i * 8 + 8));
    return [2, "bytes", Uint8Array.of(...value, ...message([2, "varint", time]))];
  });
  return seriesV1(labels, [], ...samples);
}

/** Counts of whole numbers, one span a bucket, positive buckets only. */
function histogramMessage(
  { count, sum, schema, zeroThreshold, zeroCount, positive }: Histogram,
  time: number,
) {
  const spans: Field[] = [...positive.indexes].map((index, i) => {
    const gap = i === 0 ? index : index - (positive.indexes[i - 1] ?? 0) - 1;
    return [11, "bytes", message([1, "sint", gap], [2, "varint", 1])];
  });
  const deltas = [...positive.counts].map((own, i) => own - (i === 0 ? 0 : (positive.counts[i - 1] ?? 0)));
  return message(
    ...([
      [1, "varint", count],
      [3, "double", sum],
      [4, "sint", schema],
      [5, "double", zeroThreshold],
      [6, "varint", zeroCount],
      ...spans,
      [12, "bytes", packed("sint", deltas)],
      [15, "varint", time],
    ] satisfies Field[]),
  );
}

export async function writeToPrometheus(url: string, series: Iterable<Series>): Promise<void> {
  for (const each of series) {
    const response = await fetch(`${url}/api/v1/write`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy" },
      body: writeRequest(each) as BodyInit,
    });
    if (!response.ok) throw new Error(`writing ${JSON.stringify(each.labels)}: ${await response.text()}`);
  }
}

type Point = [number, string];
type HistogramPoint = [number, { count: string; sum: string; buckets?: [number, string, string, string][] }];
interface PrometheusSeries {
  metric: Record<string, string>;
  value?: Point;
  values?: Point[];
  histogram?: HistogramPoint;
  histograms?: HistogramPoint[];
}
type PrometheusAnswer =
  | { status: "error"; error: string }
  | {
      status: "success";
      data:
        | { resultType: "vector"; result: PrometheusSeries[] }
        | { resultType: "matrix"; result: PrometheusSeries[] }
        | { resultType: "scalar"; result: Point }
        | { resultType: "string"; result: Point };
    };

/** What a Prometheus says, or whatever speaks its HTTP API. */
export async function askPrometheus(
  url: string,
  query: GeneratedQuery,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { text, startMs, endMs, stepMs } = query;
  const form = new URLSearchParams(
    stepMs === 0
      ? { query: text, time: String(startMs / 1000) }
      : {
          query: text,
          start: String(startMs / 1000),
          end: String(endMs / 1000),
          step: String(stepMs / 1000),
        },
  );
  for (const [name, value] of Object.entries(more)) form.set(name, value);
  const path = stepMs === 0 ? "query" : "query_range";
  const response = await fetch(`${url}/api/v1/${path}`, { method: "POST", body: form });
  const answer = (await response.json()) as PrometheusAnswer;
  if (answer.status === "error") return { kind: "failed", message: answer.error };
  const { data } = answer;
  if (data.resultType === "scalar" || data.resultType === "string") {
    const [time, value] = data.result;
    const points = new Map([[Math.round(time * 1000), numberOf(value)]]);
    return { kind: "answered", type: data.resultType, series: [{ labels: {}, points }] };
  }
  const series = data.result.map((each) => ({ labels: each.metric, points: pointsOf(each) }));
  return { kind: "answered", type: data.resultType, series };
}

function pointsOf({ value, values, histogram, histograms }: PrometheusSeries): AnswerSeries["points"] {
  const points: AnswerSeries["points"] = new Map();
  for (const [time, text] of [...(values ?? []), ...(value ? [value] : [])])
    points.set(Math.round(time * 1000), numberOf(text));
  for (const [time, { count, sum, buckets = [] }] of [
    ...(histograms ?? []),
    ...(histogram ? [histogram] : []),
  ])
    points.set(Math.round(time * 1000), {
      count: numberOf(count),
      sum: numberOf(sum),
      buckets: buckets.map(([, lower, upper, own]) => [numberOf(lower), numberOf(upper), numberOf(own)]),
    });
  return points;
}

const numberOf = (text: string) => Number(text.replace("Inf", "Infinity"));
