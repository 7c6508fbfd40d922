import { type GrpcCall, type GrpcMethod, RawResponse } from "@havn/http";
import { HavnError } from "@havn/model";
import type { Ingest } from "../ingest.ts";
import { largestDecoded } from "./body.ts";
import { otlpLogs, otlpMetrics } from "./otlp.ts";
import type { Receiver } from "./receiver.ts";

const service = (signal: string) =>
  `/opentelemetry.proto.collector.${signal}.v1.${signal === "metrics" ? "Metrics" : "Logs"}Service/Export`;

/** OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc): the same receivers as over HTTP. */
export function grpcMethods(ingest: Ingest): GrpcMethod[] {
  const method = (signal: "metrics" | "logs", action: string, receive: Receiver): GrpcMethod => ({
    ...{ path: service(signal), summary: `OpenTelemetry ${signal} (OTLP over gRPC)`, action },
    largest: largestDecoded,
    handle: (call) => receiveCall(call, { ingest, receive }),
  });
  return [method("metrics", "metric:write", otlpMetrics()), method("logs", "log:write", otlpLogs)];
}

/** The metadata `environment` does what `?environment=` does over HTTP. */
async function receiveCall(
  { message, metadata }: GrpcCall,
  { ingest, receive }: { ingest: Ingest; receive: Receiver },
): Promise<Uint8Array> {
  const { environment } = metadata;
  if (environment !== undefined && !/^[\w.-]{1,100}$/.test(environment))
    throw new HavnError("The metadata environment is no name of an environment", { status: 400 });
  const answer = await receive({
    headers: { "content-type": "application/x-protobuf" },
    query: {},
    body: message,
    // What HTTP would tell in headers has no place here.
    reply: { header: () => undefined, status: () => undefined },
    ingest,
    stamp: environment === undefined ? {} : { env: environment },
  });
  return answer instanceof RawResponse && answer.body instanceof Uint8Array ? answer.body : new Uint8Array();
}
