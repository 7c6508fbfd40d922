import type { Clock, Labels } from "@havn/model";
import { Connection } from "../scrape/fetch.ts";
import { textProtocols } from "../scrape/formats.ts";
import { noLimits } from "../scrape/limits.ts";
import { newState, type SampleSink, scrapeTarget as scrape, shutDown } from "../scrape/target.ts";

export { type SampleSink, shutDown };

export interface ScrapeTarget {
  job: string;
  service: string;
  /** "<host>:<port>" */
  instance: string;
  url: string;
  /** Further labels, for example release and resource. */
  labels?: Labels;
}

/** Scrapes one target of this host every `interval` until `signal` aborts; then its series are marked as ended. */
export async function scrapeTarget(
  { url, job, instance, service, labels }: ScrapeTarget,
  options: { sink: SampleSink; labels: Labels; clock: Clock; interval: number; signal: AbortSignal },
): Promise<void> {
  const { sink, clock, interval, signal } = options;
  const connection = new Connection();
  const target = {
    url,
    labels: { ...options.labels, ...labels, job, instance, ...(service && { service }) },
    ...{ interval, timeout: Math.min(interval, 10_000) },
    // At once, and then every interval from now on.
    offset: clock.now() % interval,
    protocols: textProtocols,
    // What a service of ours answers is taken for metrics whatever it says it is.
    fallback: "PrometheusText0.0.4" as const,
    ...{ honorLabels: false, honorTimestamps: true, trackTimestamps: false, compressed: false },
    limits: noLimits,
  };
  try {
    await scrape(target, {
      write: (fill) => fill(sink),
      ...{ clock, connection, signal },
      state: newState(),
    });
  } finally {
    connection.close();
  }
}
