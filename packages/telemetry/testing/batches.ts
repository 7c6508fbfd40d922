import { LogBuffer } from "../protocols/agent/logs.ts";
import { SampleBuffer } from "../protocols/agent/samples.ts";

export interface Job {
  kind: "samples" | "logs";
  number: number;
  resent: boolean;
}

export const source = { environment: "kill", host: "victim" };
export const rowsPerBatch = 40;
export const seriesCount = 8;

/** Batches lie in the last half hour, so that retention does not touch them. */
export const start = Math.floor(Date.now() / 86_400_000) * 86_400_000;

/** Batch `number`: rows that are told apart by their times and contents alone. */
export function batchOf(kind: Job["kind"], number: number): Uint8Array {
  const first = number * rowsPerBatch;
  if (kind === "logs") {
    const buffer = new LogBuffer();
    for (let row = first; row < first + rowsPerBatch; row++)
      buffer.add({
        ...{ service: "victim", instance: "", severity: "info", traceId: "", spanId: "", attributes: {} },
        time: `${BigInt(start) * 1_000_000n + BigInt(row)}`,
        body: `line ${row}`,
      });
    return buffer.encode();
  }
  const buffer = new SampleBuffer();
  for (let row = first; row < first + rowsPerBatch; row++)
    buffer.add({ __name__: "kill_total", series: String(row % seriesCount) }, start + row, row);
  return buffer.encode();
}

/** What a host's agent sends: `series` series at `times` times, 5 s apart. */
export function benchSampleBatch(options: {
  agent: number;
  number: number;
  series: number;
  times: number;
}): Uint8Array {
  const buffer = new SampleBuffer();
  const labels = Array.from({ length: options.series }, (_, at) => ({
    __name__: `bench_metric_${at % 50}_total`,
    ...{
      job: "node",
      instance: `host-${options.agent}`,
      device: `device-${Math.floor(at / 50)}`,
      mode: "user",
    },
  }));
  for (let time = 0; time < options.times; time++)
    for (const [at, each] of labels.entries())
      buffer.add(each, start + (options.number * options.times + time) * 5_000, at + options.number * 3.5);
  return buffer.encode();
}

/** Lines of a web service, some 150 bytes each. */
export function benchLogBatch(options: { agent: number; number: number; lines: number }): Uint8Array {
  const buffer = new LogBuffer();
  for (let line = 0; line < options.lines; line++)
    buffer.add({
      time: `${BigInt(start + options.number * 1000 + line) * 1_000_000n}`,
      ...{
        service: "shop",
        instance: `host-${options.agent}:8080`,
        severity: line % 20 === 0 ? "warn" : "info",
      },
      body: `GET /products/${(line * 7919) % 1000} 200 in ${line % 90} ms, ${line * 31} bytes to client ${options.number}`,
      traceId: `${options.agent}${line}`.padStart(32, "a"),
      spanId: `${line}`.padStart(16, "b"),
      attributes: { route: "/products/:id", status: "200" },
    });
  return buffer.encode();
}
