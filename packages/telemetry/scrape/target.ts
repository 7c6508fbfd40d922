import { type Clock, type Labels, labelsKey } from "@havn/model";
import type { ScrapeProtocol } from "@havn/prometheus";
import type { Metadata } from "../metrics/batch.ts";
import type { NativeHistogram } from "../metrics/histogram.ts";
import { floatText } from "../protocols/float-text.ts";
import type { ExposedSample } from "../protocols/prometheus-text/parse.ts";
import type { Connection } from "./fetch.ts";
import { acceptHeader, decodeExposed, type Exposed, type ProtoDecoder, protocolOf } from "./formats.ts";
import { type Limits, limitFault } from "./limits.ts";

/** Where scraped samples go. What is optional is left out where the way does not carry it. */
export interface SampleSink {
  /** `start`: since when it counts, in milliseconds, where that is known. */
  add(labels: Labels, timestamp: number, value: number, start?: number): void;
  addStale(labels: Labels, timestamp: number): void;
  histogram?(labels: Labels, timestamp: number, histogram: NativeHistogram, start?: number): void;
  exemplar?(
    labels: Labels,
    exemplar: { timestamp: number; value: number; labels: readonly [string, string][] },
  ): void;
  metadata?(metadata: Metadata): void;
}

/** Fills a sink at once, and resolves when what is in it is kept as well as it will be. */
export type Write = (fill: (sink: SampleSink) => void) => Promise<void> | void;

export interface Target {
  url: string;
  /** Of the target itself, on all that it exposes; `job` and `instance` among them. */
  labels: Labels;
  /** Milliseconds. */
  interval: number;
  timeout: number;
  /** When within the interval it is asked, so that not all are at once. */
  offset: number;
  protocols: readonly ScrapeProtocol[];
  fallback?: ScrapeProtocol | undefined;
  proto?: ProtoDecoder;
  escaping?: string | undefined;
  honorLabels: boolean;
  honorTimestamps: boolean;
  /** Series with times of their own end with the scrape too. */
  trackTimestamps: boolean;
  compressed: boolean;
  limits: Limits;
  /** What becomes of a sample's labels; undefined drops it. */
  relabel?(labels: Labels): Labels | undefined;
  /** `le` and `quantile` as OpenMetrics writes them, whichever form the target speaks. */
  normalised?: boolean;
}

/** How the last scrape went. */
export interface TargetState {
  health: "unknown" | "up" | "down";
  lastError: string;
  /** Milliseconds since the epoch; 0 before the first. */
  lastScrape: number;
  durationMs: number;
  samples: number;
  series: number;
}

export const newState = (): TargetState => ({
  ...{ health: "unknown", lastError: "", lastScrape: 0, durationMs: 0, samples: 0, series: 0 },
});

/** Reason for aborting a scrape whose target stays. */
export const shutDown = Symbol("shut down");

/** A series that the target exposes: what became of its labels, and in which scrape it was there last. */
interface Known {
  labels: Labels | undefined;
  seen: number;
  /** Whether it ends when it is not there any more. */
  ends: boolean;
}

const reportNames = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;

/** Scrapes one target again and again until `signal` aborts; then its series are marked as ended. */
export async function scrapeTarget(
  target: Target,
  { write, clock, connection, state, signal }: ScrapeOptions,
): Promise<void> {
  const series = new Map<string, Known>();
  const reports = reportNames.map((name) => ({ ...target.labels, __name__: name }));
  const seen = { scrape: 0 };
  await clock.sleep(untilNext(clock.now(), target), signal);
  while (!signal.aborted) {
    const started = clock.now();
    seen.scrape++;
    let exposed: Exposed | undefined;
    let error = "";
    try {
      exposed = await fetchExposed(target, connection, signal);
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    if (signal.aborted) break;
    const taken = exposed && takeSamples(target, { exposed, series, scrape: seen.scrape });
    if (taken?.fault !== undefined) error = taken.fault;
    const durationMs = clock.now() - started;
    const good = taken !== undefined && taken.fault === undefined;
    const numbers = [
      good ? 1 : 0,
      durationMs / 1000,
      taken?.scraped ?? 0,
      taken?.kept ?? 0,
      taken?.added ?? 0,
    ];
    await write((sink) => {
      if (good && exposed) addSamples(sink, { target, series, exposed, started });
      endMissing(sink, { series, scrape: good ? seen.scrape : -1, at: started });
      for (const [at, labels] of reports.entries()) sink.add(labels, started, numbers[at] ?? 0);
    });
    Object.assign(state, {
      ...{ health: good ? "up" : "down", lastError: error, lastScrape: started, durationMs },
      ...{ samples: taken?.scraped ?? 0, series: series.size },
    });
    await clock.sleep(untilNext(clock.now(), target) || target.interval, signal);
  }
  if (signal.reason === shutDown) return;
  await write((sink) => {
    const at = clock.now();
    endMissing(sink, { series, scrape: -1, at });
    if (seen.scrape > 0) for (const labels of reports) sink.addStale(labels, at);
  });
}

export interface ScrapeOptions {
  write: Write;
  clock: Clock;
  connection: Connection;
  /** Kept up to date with each scrape. */
  state: TargetState;
  signal: AbortSignal;
}

/** Scrapes lie on a grid that begins with the epoch: a restart does not shift them. */
function untilNext(now: number, { interval, offset }: Target): number {
  return (((offset - now) % interval) + interval) % interval;
}

async function fetchExposed(target: Target, connection: Connection, signal: AbortSignal): Promise<Exposed> {
  const deadline = AbortSignal.timeout(target.timeout);
  try {
    const { bytes, contentType } = await connection.get(target.url, {
      signal: AbortSignal.any([signal, deadline]),
      largest: target.limits.bytes,
      headers: {
        accept: acceptHeader(target.protocols, target.escaping),
        "user-agent": "Havn",
        "x-prometheus-scrape-timeout-seconds": String(target.timeout / 1000),
        ...(target.compressed && { "accept-encoding": "gzip" }),
      },
    });
    const protocol = protocolOf(contentType, target.fallback);
    return decodeExposed(bytes, {
      protocol,
      proto: target.proto,
      most: target.limits.exposed || Number.POSITIVE_INFINITY,
    });
  } catch (error) {
    if (deadline.aborted && !signal.aborted)
      throw new Error(`no answer within ${target.timeout / 1000} s`, { cause: error });
    throw error;
  }
}

interface Taken {
  scraped: number;
  kept: number;
  added: number;
  fault: string | undefined;
}

/** Decides what becomes of each series; the same one is looked up afterwards. */
function takeSamples(
  target: Target,
  { exposed, series, scrape }: { exposed: Exposed; series: Map<string, Known>; scrape: number },
): Taken {
  const taken: Taken = { scraped: 0, kept: 0, added: 0, fault: undefined };
  const fresh: string[] = [];
  for (const sample of [...exposed.samples, ...exposed.histograms]) {
    taken.scraped++;
    const key = keyOf(sample);
    let known = series.get(key);
    if (!known) {
      const labels = seriesLabels(target, sample);
      known = { labels, seen: 0, ends: true };
      series.set(key, known);
      fresh.push(key);
      if (labels) taken.added++;
      taken.fault ??= labels && limitFault(labels, target.limits);
    }
    known.seen = scrape;
    known.ends = target.trackTimestamps || sample.timestamp === undefined || !target.honorTimestamps;
    if (known.labels) taken.kept++;
  }
  const { samples, newSeries } = target.limits;
  if (samples > 0 && taken.kept > samples)
    taken.fault ??= `it exposes ${taken.kept} samples, more than the limit of ${samples}`;
  if (newSeries && !newSeries(taken.added))
    taken.fault ??= `${taken.added} new series at once are more than the limit for one target`;
  // What was refused is decided anew next time, and must not end what never began.
  if (taken.fault !== undefined) for (const key of fresh) series.delete(key);
  return taken;
}

function addSamples(
  sink: SampleSink,
  given: { target: Target; series: Map<string, Known>; exposed: Exposed; started: number },
): void {
  const { target, series, exposed, started } = given;
  const timeOf = (timestamp: number | undefined) =>
    target.honorTimestamps ? (timestamp ?? started) : started;
  for (const sample of exposed.samples) {
    const labels = series.get(keyOf(sample))?.labels;
    if (!labels) continue;
    const time = timeOf(sample.timestamp);
    sink.add(labels, time, sample.value);
    if (sample.exemplar)
      sink.exemplar?.(labels, { ...sample.exemplar, timestamp: sample.exemplar.timestamp ?? time });
  }
  for (const { histogram, timestamp, exemplars, ...named } of exposed.histograms) {
    const labels = series.get(keyOf(named))?.labels;
    if (!labels) continue;
    sink.histogram?.(labels, timeOf(timestamp), histogram);
    for (const exemplar of exemplars)
      sink.exemplar?.(labels, { ...exemplar, timestamp: exemplar.timestamp ?? started });
  }
  if (sink.metadata) for (const [name, family] of exposed.families) sink.metadata({ name, ...family });
}

function endMissing(
  sink: SampleSink,
  { series, scrape, at }: { series: Map<string, Known>; scrape: number; at: number },
): void {
  for (const [key, { labels, seen, ends }] of series) {
    if (seen === scrape) continue;
    if (labels && ends) sink.addStale(labels, at);
    series.delete(key);
  }
}

const keyOf = ({ name, labels }: Pick<ExposedSample, "name" | "labels">): string => {
  let key = name;
  for (const [label, value] of labels) key += `\xff${label}\xff${value}`;
  return key;
};

/** The target's labels win unless it is honoured; the endpoint's own of that name are kept as `exported_…`. */
function seriesLabels(
  { labels: own, honorLabels, relabel, normalised }: Target,
  { name, labels }: Pick<ExposedSample, "name" | "labels">,
): Labels | undefined {
  const merged: Record<string, string> = honorLabels ? { __name__: name } : { ...own, __name__: name };
  for (const [label, written] of labels) {
    const value = normalised && (label === "le" || label === "quantile") ? normal(written) : written;
    if (value === "") continue;
    let free = label;
    if (!honorLabels) while (free in merged) free = `exported_${free}`;
    merged[free] = value;
  }
  if (honorLabels) {
    const exposed = new Set(labels.map(([label]) => label));
    // An endpoint that gives a label without a value wants none.
    for (const [label, value] of Object.entries(own)) if (!exposed.has(label)) merged[label] = value;
  }
  const relabelled = relabel ? relabel(merged) : merged;
  return relabelled?.__name__ ? relabelled : undefined;
}

/** Text that is no number stays as it is. */
const normal = (text: string) => (text === "" || Number.isNaN(Number(text)) ? text : floatText(Number(text)));

/** Spread over the interval by what the target is, so that it stays where it is. */
export function offsetOf(target: Pick<Target, "url" | "labels">, interval: number): number {
  let hash = 2_166_136_261;
  for (const letter of `${target.url}\0${labelsKey(target.labels)}`)
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return hash % interval;
}
