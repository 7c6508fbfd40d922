import { Agent, request } from "node:http";
import { type Clock, type Labels, labelsKey } from "@havn/model";
import { type ExposedSample, isOpenMetrics, parseExposition } from "../protocols/prometheus-text/parse.ts";

export interface ScrapeTarget {
  job: string;
  service: string;
  /** "<host>:<port>" */
  instance: string;
  url: string;
  /** Further labels, for example release and resource. */
  labels?: Labels;
}

/** Where scraped samples go. */
export interface SampleSink {
  add(labels: Labels, timestamp: number, value: number): void;
  addStale(labels: Labels, timestamp: number): void;
}

const largestAnswer = 32 * 1024 * 1024;
const accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=1,*/*;q=0.1";

/** Reason for aborting a scrape whose target stays. */
export const shutDown = Symbol("shut down");

/** Scrapes one target every `interval` until `signal` aborts; then its series are marked as ended. */
export async function scrapeTarget(
  target: ScrapeTarget,
  options: { sink: SampleSink; labels: Labels; clock: Clock; interval: number; signal: AbortSignal },
): Promise<void> {
  const { sink, clock, interval, signal } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const own: Labels = {
    ...options.labels,
    ...target.labels,
    job: target.job,
    instance: target.instance,
    ...(target.service && { service: target.service }),
  };
  const reportLabels = reportNames.map((name) => ({ ...own, __name__: name }));
  let live = new Map<string, Labels>();
  try {
    while (!signal.aborted) {
      const started = clock.now();
      const scraped = await fetchSamples(target.url, {
        agent,
        signal,
        timeoutMs: Math.min(interval, 10_000),
      });
      if (signal.aborted) break;
      const next = new Map<string, Labels>();
      for (const sample of scraped ?? []) {
        const labels = targetLabels(sample, own);
        const key = labelsKey(labels);
        // A series with the endpoint's own times does not end with the scrape, as in Prometheus.
        if (sample.timestamp === undefined) next.set(key, live.get(key) ?? labels);
        sink.add(next.get(key) ?? labels, sample.timestamp ?? started, sample.value);
      }
      for (const [key, labels] of live) if (!next.has(key)) sink.addStale(labels, started);
      live = next;
      const report = [scraped ? 1 : 0, (clock.now() - started) / 1000, scraped?.length ?? 0];
      for (const [at, labels] of reportLabels.entries()) sink.add(labels, started, report[at] ?? 0);
      await clock.sleep(Math.max(0, started + interval - clock.now()), signal);
    }
  } finally {
    agent.destroy();
  }
  if (signal.reason === shutDown) return;
  const ended = clock.now();
  for (const labels of [...live.values(), ...reportLabels]) sink.addStale(labels, ended);
}

const reportNames = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

/** The target's labels win; the endpoint's own of that name are kept as `exported_…`, as Prometheus does. */
function targetLabels({ name, labels }: ExposedSample, own: Labels): Labels {
  const merged: Record<string, string> = { ...own, __name__: name };
  for (const [label, value] of labels) {
    if (value === "") continue;
    let free = label;
    while (free in merged) free = `exported_${free}`;
    merged[free] = value;
  }
  return merged;
}

/** Undefined when the target does not answer, or not with metrics. */
async function fetchSamples(
  url: string,
  options: { agent: Agent; signal: AbortSignal; timeoutMs: number },
): Promise<ExposedSample[] | undefined> {
  try {
    const { bytes, contentType } = await get(url, options);
    return parseExposition(bytes, { openMetrics: isOpenMetrics(contentType) }).samples;
  } catch {
    return undefined;
  }
}

function get(
  url: string,
  { agent, signal, timeoutMs }: { agent: Agent; signal: AbortSignal; timeoutMs: number },
): Promise<{ bytes: Uint8Array; contentType: string }> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const sent = request(url, { agent, signal: limit, headers: { accept } }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > largestAnswer) response.destroy(new Error("the answer is too large"));
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode !== 200) reject(new Error(`HTTP status ${response.statusCode}`));
        else resolve({ bytes: Buffer.concat(chunks), contentType: response.headers["content-type"] ?? "" });
      });
    });
    sent.once("error", reject);
    sent.end();
  });
}
