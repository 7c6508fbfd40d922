import { HavnError } from "@havn/model";
import { malformedBody } from "../metrics/labels.ts";
import type { Sink } from "../metrics/sink.ts";
import { decodeWriteV1 } from "../protocols/remote-write/v1.ts";
import { decodeWriteV2 } from "../protocols/remote-write/v2.ts";
import { decodeBody, encodingOf } from "./body.ts";
import { type Receiver, refusal } from "./receiver.ts";

type Version = "1" | "2";

const messages: Readonly<Record<string, Version>> = {
  "prometheus.writerequest": "1",
  "io.prometheus.write.v2.request": "2",
};

/** Prometheus' remote write, versions 1.0 and 2.0, told apart by the content type. */
export const remoteWrite: Receiver = async ({ headers, body, reply, ingest, stamp }) => {
  const version = versionOf(String(headers["content-type"] ?? ""));
  const decoded = decodeBody(body, encodingOf(headers["content-encoding"], ["snappy", "zstd"]));
  const sink = ingest.sink(stamp);
  try {
    if (version === "1") decodeWriteV1(decoded, sink);
    else decodeWriteV2(decoded, sink);
  } catch (cause) {
    sink.batch.forget();
    if (!(cause instanceof TypeError)) throw cause;
    throw malformedBody("remote write request", cause.message, cause);
  }
  await ingest.store(sink);
  tellWritten(sink, reply);
  const fault = refusal(sink.batch);
  if (fault) throw fault;
};

/** What was written, also beside a failure: the sender's own figures depend on it. */
function tellWritten({ batch }: Sink, reply: { header(name: string, value: string): void }): void {
  reply.header("X-Prometheus-Remote-Write-Samples-Written", String(batch.samples));
  reply.header("X-Prometheus-Remote-Write-Histograms-Written", String(batch.histograms));
  reply.header("X-Prometheus-Remote-Write-Exemplars-Written", String(batch.exemplars));
}

function versionOf(contentType: string): Version {
  const [type = "", ...parameters] = contentType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const proto = parameters
    .find((each) => each.startsWith("proto="))
    ?.slice(6)
    .replaceAll('"', "");
  const version = messages[proto ?? "prometheus.writerequest"];
  if ((type === "application/x-protobuf" || type === "") && version) return version;
  throw new HavnError(`The content type ${contentType.slice(0, 100)} is not taken here`, {
    status: 415,
    detail: `Send application/x-protobuf, with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request.`,
  });
}
