import { Readable } from "node:stream";
import { RawResponse } from "@havn/http";
import { HavnError, type Labels } from "@havn/model";
import type { Querier, Series } from "@havn/promql";
import { encodeSnappy } from "../protocols/snappy.ts";
import { crc32c } from "./crc32c.ts";
import {
  compareLabels,
  histogramMessage,
  Message,
  type ReadQuery,
  type ReadRequest,
  writeLabels,
} from "./messages.ts";
import { XorChunk } from "./xor.ts";

const samplesAChunk = 120;
/** Chunks of one series are told in frames of about so many bytes. */
const bytesAFrame = 1024 * 1024;

/** Of all queries of one request, since the answer is held until it is whole. */
const mostSamples = 50_000_000;

/** Samples of the series that match, whole; the same as streamed chunks, which hold no native histograms. */
export async function answerRead(
  request: ReadRequest,
  { querier, hasHistograms, signal }: { querier: Querier; hasHistograms: boolean; signal: AbortSignal },
): Promise<RawResponse> {
  const [wanted] = request.accepted;
  const whole = wanted === "samples" || (hasHistograms && request.accepted.includes("samples"));
  const bounded = boundedSelect(querier, mostSamples);
  if (whole) return answerSamples(request.queries, bounded, signal);
  const frames = [];
  for (const [at, query] of request.queries.entries())
    frames.push(await chunkedSeries(query, { index: at, querier: bounded, signal }));
  return new RawResponse(Readable.from(frames.flat(), { objectMode: false }), {
    "content-type": "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
  });
}

/** What `querier` selects, until all that was selected holds more than `most` samples: then a HavnError. */
export function boundedSelect(querier: Pick<Querier, "select">, most: number): Pick<Querier, "select"> {
  let samples = 0;
  return {
    async *select(...given) {
      for await (const series of querier.select(...given)) {
        samples += series.timestamps.length;
        if (samples > most)
          throw new HavnError(`The queries find more than ${most} samples`, {
            status: 422,
            detail: "Ask for fewer series, or a shorter range.",
          });
        yield series;
      }
    },
  };
}

/** results = 1: timeseries = 1: labels = 1, samples = 2 (value = 1, timestamp = 2), histograms = 4. */
async function answerSamples(
  queries: readonly ReadQuery[],
  querier: Pick<Querier, "select">,
  signal: AbortSignal,
): Promise<RawResponse> {
  const response = new Message();
  for (const { matchers, start, end } of queries) {
    const found: { labels: Labels; bytes: Uint8Array }[] = [];
    for await (const series of querier.select(matchers, { start, end }, signal)) {
      const message = new Message();
      writeLabels(message, series.labels);
      const bits = bitsOf(series);
      for (const [at, time] of series.timestamps.entries()) {
        const histogram = series.histograms?.[at];
        if (histogram) message.bytes(4, histogramMessage(histogram, time));
        else
          message.bytes(
            2,
            new Message()
              .double(1, bits[at] ?? 0n)
              .number(2, time)
              .view(),
          );
      }
      found.push({ labels: series.labels, bytes: message.view() });
    }
    const result = new Message();
    for (const { bytes } of found.sort((a, b) => compareLabels(a.labels, b.labels))) result.bytes(1, bytes);
    response.bytes(1, result.view());
  }
  return new RawResponse(encodeSnappy(response.view()), {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
  });
}

const bitsOf = ({ values }: Series) => new BigUint64Array(values.buffer, values.byteOffset, values.length);

/** Encoded at once, since they have to be told in the order of their labels: a sample takes a byte or two. */
async function chunkedSeries(
  { matchers, start, end }: ReadQuery,
  { index, querier, signal }: { index: number; querier: Pick<Querier, "select">; signal: AbortSignal },
): Promise<Buffer[]> {
  const found: { labels: Labels; frames: Buffer[] }[] = [];
  for await (const series of querier.select(matchers, { start, end }, signal)) {
    const frames = framesOf(series, index);
    if (frames.length > 0) found.push({ labels: series.labels, frames });
  }
  return found.sort((a, b) => compareLabels(a.labels, b.labels)).flatMap(({ frames }) => frames);
}

/** chunked_series = 1: labels = 1, chunks = 2 (min_time_ms = 1, max_time_ms = 2, type = 3, data = 4); query_index = 2. */
function framesOf(series: Series, index: number): Buffer[] {
  const bits = bitsOf(series);
  const frames: Buffer[] = [];
  let message = new Message();
  let chunk = new XorChunk();
  let chunks = 0;
  const endChunk = () => {
    if (chunk.count === 0) return;
    if (chunks === 0) writeLabels(message, series.labels);
    const { minTime, maxTime } = chunk;
    message.bytes(
      2,
      new Message().number(1, minTime).number(2, maxTime).number(3, 1).bytes(4, chunk.encode()).view(),
    );
    chunks++;
    chunk = new XorChunk();
  };
  const endFrame = () => {
    if (chunks === 0) return;
    frames.push(frameOf(new Message().bytes(1, message.view()).number(2, index).view()));
    message = new Message();
    chunks = 0;
  };
  for (const [at, time] of series.timestamps.entries()) {
    if (series.histograms?.[at]) continue;
    chunk.add(time, bits[at] ?? 0n);
    if (chunk.count === samplesAChunk) endChunk();
    if (message.writer.length > bytesAFrame) endFrame();
  }
  endChunk();
  endFrame();
  return frames;
}

/** Its length, its checksum (Castagnoli's), and the message. */
function frameOf(data: Uint8Array): Buffer {
  const head = new Message().writer;
  head.varint(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32c(data));
  return Buffer.concat([head.view(), sum, data]);
}
