import { hash } from "node:crypto";
import { RawResponse } from "@havn/http";
import { HavnError } from "@havn/model";
import type { z } from "zod";
import { malformedBody } from "../metrics/labels.ts";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import { DeltaSums } from "../protocols/otlp/deltas.ts";
import { readLogs } from "../protocols/otlp/logs.ts";
import { decodeOtlp, logsRequest, metricsRequest } from "../protocols/otlp/messages.ts";
import { storeMetrics } from "../protocols/otlp/metrics.ts";
import { logsSchema, metricsSchema } from "../protocols/otlp/schema.ts";
import { decodeBody, encodingOf } from "./body.ts";
import { type Received, type Receiver, refusedReasons } from "./receiver.ts";

const encodings = ["identity", "gzip", "zstd", "deflate"] as const;
type Form = "json" | "protobuf";

/** OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp): metrics. */
export function otlpMetrics(): Receiver {
  const sums = new DeltaSums();
  return async (received) => {
    const form = formOf(received);
    const { resourceMetrics } = parse(received, form, metricsRequest, metricsSchema);
    const sink = received.ingest.sink(received.stamp);
    sums.checkpoint();
    storeMetrics(resourceMetrics, sink, sums);
    const undo = sums.checkpoint();
    try {
      await received.ingest.store(sink);
    } catch (error) {
      undo();
      throw error;
    }
    const refused = [...sink.batch.refused.values()].reduce((sum, { count }) => sum + count, 0);
    return answer(form, "rejectedDataPoints", refused, refusedReasons(sink.batch.refused).join("; "));
  };
}

/** OTLP over HTTP: logs. A request that comes again within this process counts once. */
export const otlpLogs: Receiver = async (received) => {
  const form = formOf(received);
  const { resourceLogs } = parse(received, form, logsRequest, logsSchema);
  const { hosts, refused } = readLogs(resourceLogs, { environment: received.stamp.env, now: Date.now() });
  const batch = hash("sha1", received.body);
  for (const { environment, host, lines } of hosts)
    await received.ingest.ingest("logs", `otlp-${batch}`, { environment, host }, lines.encode());
  return answer(form, "rejectedLogRecords", refused, refused > 0 ? "lines have times that cannot be" : "");
};

function formOf({ headers }: Received): Form {
  const [type = ""] = String(headers["content-type"] ?? "")
    .toLowerCase()
    .split(";");
  if (type.trim() === "application/json") return "json";
  if (type.trim() === "application/x-protobuf") return "protobuf";
  throw new HavnError(`The content type ${type.slice(0, 100)} is not taken here`, {
    status: 415,
    detail: "Send application/x-protobuf or application/json.",
  });
}

function parse<S extends z.ZodType>(
  { headers, body }: Received,
  form: Form,
  message: Parameters<typeof decodeOtlp>[1],
  schema: S,
): z.output<S> {
  const bytes = decodeBody(body, encodingOf(headers["content-encoding"], encodings));
  let decoded: unknown;
  try {
    decoded = form === "json" ? JSON.parse(new TextDecoder().decode(bytes)) : decodeOtlp(bytes, message);
  } catch (cause) {
    throw malformedBody("OTLP request", (cause as Error).message, cause);
  }
  const parsed = schema.safeParse(decoded);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformedBody("OTLP request", `${issue?.path.join(".")}: ${issue?.message}`);
}

/** Success, also where some was refused: the specification's partial success. */
function answer(form: Form, field: string, refused: number, why: string): RawResponse {
  if (form === "json") {
    const partial = { [field]: String(refused), errorMessage: why.slice(0, 1_000) };
    const body = JSON.stringify(refused > 0 ? { partialSuccess: partial } : {});
    return new RawResponse(body, { "content-type": "application/json" }, 200);
  }
  const whole = new ByteWriter(64);
  if (refused > 0) {
    const partial = new ByteWriter(64);
    partial.byte(0x08);
    partial.varint(refused);
    partial.byte(0x12);
    partial.string(why.slice(0, 1_000));
    whole.byte(0x0a);
    whole.varint(partial.length);
    whole.raw(partial.view());
  }
  return new RawResponse(whole.view(), { "content-type": "application/x-protobuf" }, 200);
}
