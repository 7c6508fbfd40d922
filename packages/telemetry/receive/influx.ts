import { HavnError } from "@havn/model";
import { malformedBody } from "../metrics/labels.ts";
import { parseInfluxLine } from "../protocols/influx/parse.ts";
import { decodeBody, encodingOf } from "./body.ts";
import { type Received, type Receiver, refusal } from "./receiver.ts";

/** Nanoseconds in a unit, by the names of the first and the second API. */
const precisions: Readonly<Record<string, bigint>> = {
  ...{ ns: 1n, n: 1n, us: 1_000n, u: 1_000n, µ: 1_000n, ms: 1_000_000n },
  ...{ s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n },
};

/** InfluxDB's line protocol. Lines that are wrong are told of, the others are stored. */
export const influx: Receiver = async (received) => {
  const unit = precisionOf(received);
  const encoding = encodingOf(received.headers["content-encoding"], ["identity", "gzip", "zstd", "deflate"]);
  const lines = textOf(decodeBody(received.body, encoding)).split("\n");
  const sink = received.ingest.sink(received.stamp);
  const now = Date.now();
  const database = received.query.db ?? received.query.bucket;
  const origin = typeof database === "string" && database !== "" ? ["db", database] : [];
  for (const line of lines) {
    try {
      const point = parseInfluxLine(line);
      if (!point) continue;
      const time = point.time === undefined ? now : Number((point.time * unit) / 1_000_000n);
      const own = point.labels.some((text, at) => at % 2 === 0 && text === "db") ? [] : origin;
      for (const { name, value } of point.fields) {
        const reference = sink.reference([...point.labels, ...own, "__name__", name]);
        if (reference >= 0) sink.value(reference, time, value);
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      sink.batch.refuse(error.message, line);
    }
  }
  await received.ingest.store(sink);
  const fault = refusal(sink.batch);
  if (fault) throw fault;
};

function precisionOf({ query }: Received): bigint {
  const word = String(query.precision ?? "ns");
  const unit = precisions[word];
  if (unit) return unit;
  throw new HavnError(`The precision ${word.slice(0, 20)} is not known`, {
    status: 400,
    detail: `Use one of ${Object.keys(precisions).join(", ")}.`,
  });
}

export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformedBody("body", "it is not UTF-8", cause);
  }
}
