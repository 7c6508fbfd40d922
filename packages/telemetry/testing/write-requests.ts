import { ByteWriter } from "../protocols/agent/bytes.ts";
import { encodeSnappy } from "../protocols/snappy.ts";
import { type Labels, seriesV1 } from "./protobuf.ts";

/**
 * Remote write requests as a Prometheus that scrapes `series` series of many hosts `rounds` times, every 15 s up to now,
 * sends them. Series are encoded once; each request puts in its times and values.
 */
export function* writeRequests(options: {
  series: number;
  rounds: number;
  perRequest: number;
  /** Milliseconds between rounds; 15 s unless told. */
  intervalMs?: number;
  /** What each series is, by its number; a node exporter's mixture unless told. */
  shape?: Shape;
  /** When the last round ends, and requests to leave out, for who goes on with what was begun before. */
  now?: number;
  skip?: number;
}): Generator<{ body: Uint8Array; samples: number }> {
  const { series, rounds, perRequest, intervalMs = 15_000, shape = nodeExporter } = options;
  const { now = Date.now(), skip = 0 } = options;
  const templates = Array.from({ length: Math.ceil(series / perRequest) }, (_, at) =>
    template(at * perRequest, Math.min(series, (at + 1) * perRequest), shape),
  );
  const start = (Math.floor(now / intervalMs) - rounds) * intervalMs;
  let left = skip;
  for (let round = 0; round < rounds; round++)
    for (const each of templates)
      if (left > 0) left--;
      else yield { body: encodeSnappy(each.fill(start + round * intervalMs, round)), samples: each.size };
}

export interface Shape {
  labels(series: number): Labels;
  value(series: number, round: number): number;
}

function template(from: number, to: number, shape: Shape) {
  const whole = new ByteWriter(1 << 20);
  const places: number[] = [];
  for (let at = from; at < to; at++) {
    // Any time of today takes the same bytes.
    const [, , bytes] = seriesV1(shape.labels(at), [[Date.now(), 1]]);
    const message = bytes as Uint8Array;
    whole.byte(0x0a);
    whole.varint(message.length);
    whole.raw(message);
    // The sample is the message's end: a tag and eight bytes, a tag and six bytes of time.
    places.push(whole.length - 15);
  }
  const bytes = Buffer.from(whole.view());
  return {
    size: to - from,
    fill(time: number, round: number): Uint8Array {
      for (const [at, place] of places.entries()) {
        bytes.writeDoubleLE(shape.value(from + at, round), place);
        let rest = time;
        for (let byte = 0; byte < 6; byte++) {
          bytes[place + 9 + byte] = (rest % 128) | (byte < 5 ? 0x80 : 0);
          rest = Math.floor(rest / 128);
        }
      }
      return bytes;
    },
  };
}

/** Counters with their own speeds, gauges that stand still or move a little. */
function sampleOf(series: number, round: number): number {
  const kind = series % 4;
  if (kind === 0) return series * 10 + round * ((series % 97) + 1);
  if (kind === 1) return series % 1_000;
  if (kind === 2) return round * 15 + ((series * 7919 + round * 104_729) % 100) / 100;
  return 1_000_000 + ((series * 31 + round * 17) % 4_096) * 4_096;
}

const metrics = ["node_cpu_seconds_total", "node_network_receive_bytes_total", "node_filesystem_avail_bytes"];

function labelsOf(series: number): Labels {
  const host = Math.floor(series / 500);
  const own = series % 500;
  return {
    __name__: `${metrics[own % 3]}_${Math.floor(own / 12)}`,
    cpu: String(own % 12),
    datacenter: `dc-${host % 3}`,
    instance: `10.0.${Math.floor(host / 250)}.${host % 250}:9100`,
    job: "node",
    mode: ["user", "system", "idle"][own % 3] ?? "",
  };
}

/** Node exporter's mixture of metrics and values. */
const nodeExporter: Shape = { labels: labelsOf, value: sampleOf };
