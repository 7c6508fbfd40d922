import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Labels } from "@havn/model";
import { parseStatsdLine, type StatsdMetric } from "../protocols/statsd/parse.ts";
import type { SampleSink } from "./listen.ts";

const mostSeries = 20_000;
const mostObservations = 10_000;
const forgottenAfterMs = 5 * 60_000;
const quantiles = [0.5, 0.9, 0.99];

/** What is known of a name with its tags. Counters, counts and sums only grow, as PromQL wants them. */
interface State {
  metric: Pick<StatsdMetric, "name" | "type">;
  labels: Labels;
  value: number;
  count: number;
  observations: number[];
  members: Set<string>;
  seenAt: number;
}

export interface Statsd {
  /** Where it listens. */
  port: number;
  /** Writes the state of everything that was told of lately; ends what was not with staleness markers. */
  collect(now: number): void;
  stats: { lines: number; refusedLines: number };
  close(): Promise<void>;
}

/**
 * StatsD and DogStatsD over UDP. Counters are running totals, gauges the last value, sets the number of different members
 * since the last collection; timers, histograms and distributions become a summary: `_count`, `_sum` and quantiles.
 */
export async function listenStatsd(options: {
  port: number;
  address: string;
  /** On every series, and not the sender's to choose. */
  labels: Labels;
  sink: SampleSink;
  now: () => number;
}): Promise<Statsd> {
  const { sink, now, labels: own } = options;
  const series = new Map<string, State>();
  const stats = { lines: 0, refusedLines: 0 };
  const socket = createSocket("udp4");

  function take(line: string): void {
    const metric = parseStatsdLine(line);
    if (!metric) return;
    const tags = Object.entries(metric.tags).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = `${metric.type} ${metric.name}\xff${tags.join("\xff")}`;
    let state = series.get(key);
    if (!state) {
      if (series.size >= mostSeries) throw new TypeError("there are too many series");
      const labels = { ...metric.tags, ...own };
      state = { metric, labels, value: 0, count: 0, observations: [], members: new Set(), seenAt: 0 };
      series.set(key, state);
    }
    state.seenAt = now();
    for (const value of metric.values) observe(state, metric, value);
  }

  socket.on("message", (packet) => {
    for (const line of packet.toString("utf8").split("\n")) {
      stats.lines++;
      try {
        take(line);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        stats.refusedLines++;
      }
    }
  });
  socket.bind(options.port, options.address);
  await Promise.race([
    once(socket, "listening"),
    once(socket, "error").then(([error]) => Promise.reject(error)),
  ]);

  return {
    port: socket.address().port,
    stats,
    collect(at) {
      for (const [key, state] of series) {
        const gone = at - state.seenAt > forgottenAfterMs;
        if (gone) series.delete(key);
        for (const { name, labels, value } of samplesOf(state)) {
          const whole = { ...state.labels, ...labels, __name__: name };
          if (gone) sink.addStale(whole, at);
          else sink.add(whole, at, value);
        }
        state.observations = [];
        state.members.clear();
      }
    },
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function observe(state: State, { type, rate, scale }: StatsdMetric, text: string): void {
  const value = Number(text) * scale;
  switch (type) {
    case "counter":
      state.value += value / rate;
      break;
    case "gauge":
      state.value = /^[-+]/.test(text) ? state.value + value : value;
      break;
    case "timer":
      state.value += value / rate;
      state.count += 1 / rate;
      if (state.observations.length < mostObservations) state.observations.push(value);
      break;
    case "set":
      if (state.members.size < mostObservations) state.members.add(text);
      break;
  }
}

function samplesOf({
  metric: { name, type },
  ...state
}: State): { name: string; labels: Labels; value: number }[] {
  switch (type) {
    case "counter":
    case "gauge":
      return [{ name, labels: {}, value: state.value }];
    case "set":
      return [{ name, labels: {}, value: state.members.size }];
    case "timer": {
      const sorted = Float64Array.from(state.observations).sort();
      const told = quantiles.map((quantile) => {
        const value = sorted[Math.ceil(quantile * sorted.length) - 1] ?? Number.NaN;
        return { name, labels: { quantile: String(quantile) }, value };
      });
      return [
        { name: `${name}_count`, labels: {}, value: state.count },
        { name: `${name}_sum`, labels: {}, value: state.value },
        ...told,
      ];
    }
  }
}
