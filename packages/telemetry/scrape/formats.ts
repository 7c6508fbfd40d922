import { HavnError } from "@havn/model";
import type { ScrapeProtocol } from "@havn/prometheus";
import type { ExposedHistogram } from "../protocols/prometheus-proto/decode.ts";
import { type Exposition, parseExposition } from "../protocols/prometheus-text/parse.ts";

/** What a target answered, whichever form it has. */
export interface Exposed extends Exposition {
  histograms: readonly ExposedHistogram[];
}

/** Decodes protobuf; agents have none of it. */
export type ProtoDecoder = (bytes: Uint8Array, most: number) => Exposed;

const mediaTypes: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
};

export const textProtocols: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

/** The header Accept, the most wanted first; names in UTF-8 where `escaping` says so. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping = "allow-utf-8"): string {
  const offered = protocols.map((protocol, at) => {
    const escapes = protocol.endsWith("1.0.0") ? `;escaping=${escaping}` : "";
    return `${mediaTypes[protocol]}${escapes};q=0.${protocols.length + 1 - at}`;
  });
  return [...offered, "*/*;q=0.1"].join(",");
}

/**
 * Which form an answer has. Throws a HavnError where its content type tells none and `fallback` says nothing: a page of
 * HTML is no metrics.
 */
export function protocolOf(contentType: string, fallback: ScrapeProtocol | undefined): ScrapeProtocol {
  const [type = "", ...parameters] = contentType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const version = parameters.find((each) => each.startsWith("version="))?.slice(8);
  switch (type) {
    case "application/openmetrics-text":
      return version === "0.0.1" ? "OpenMetricsText0.0.1" : "OpenMetricsText1.0.0";
    case "application/vnd.google.protobuf":
      if (parameters.includes("encoding=delimited")) return "PrometheusProto";
      break;
    case "text/plain":
      return version === "1.0.0" ? "PrometheusText1.0.0" : "PrometheusText0.0.4";
  }
  if (fallback) return fallback;
  throw new HavnError(
    contentType === ""
      ? "The answer has no Content-Type"
      : `The answer is ${contentType.slice(0, 100)}, not metrics`,
    { status: 502, detail: "Correct the path, or say what it is with fallback_scrape_protocol." },
  );
}

/** Throws a HavnError that says what cannot be read, and as soon as there are more than `most` samples. */
export function decodeExposed(
  bytes: Uint8Array,
  given: { protocol: ScrapeProtocol; proto: ProtoDecoder | undefined; most: number },
): Exposed {
  const { protocol, proto, most } = given;
  if (protocol !== "PrometheusProto") {
    const openMetrics = protocol.startsWith("OpenMetrics");
    return { ...parseExposition(bytes, { openMetrics, most }), histograms: [] };
  }
  if (!proto)
    throw new HavnError("The answer is protobuf, which was not asked for", { status: 502, detail: "" });
  try {
    return proto(bytes, most);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new HavnError(`The metrics in protobuf are malformed: ${cause.message}`, { status: 502, cause });
  }
}
