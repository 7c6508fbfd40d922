import { type Clock, type Labels, repeat, systemClock } from "@havn/model";
import { type FollowedUnit, followJournal, type JournalEntry } from "./agent/journal.ts";
import { type ListenOptions, startListeners } from "./agent/listen.ts";
import { type OutboxStats, openOutbox, type Push } from "./agent/outbox.ts";
import { type ScrapeTarget, scrapeTarget, shutDown } from "./agent/scraper.ts";
import { runSource, type Source } from "./agent/sources.ts";
import { createNodeCollector } from "./collectors/node/index.ts";
import { collectProcess } from "./collectors/process.ts";
import type { CollectedSample } from "./collectors/sample.ts";
import { parseLogLine } from "./logs/parse-line.ts";
import { type AgentLogRecord, LogBuffer } from "./protocols/agent/logs.ts";
import { SampleBuffer } from "./protocols/agent/samples.ts";

export type { FollowedUnit } from "./agent/journal.ts";
export { listenFromEnvironment } from "./agent/listen.ts";
export type { Push } from "./agent/outbox.ts";
export type { ScrapeTarget } from "./agent/scraper.ts";
export { type Declared, readDeclared, type Source } from "./agent/sources.ts";
export type { AgentLogRecord } from "./protocols/agent/logs.ts";

export interface TelemetryAgentOptions {
  /** A folder of its own, kept between starts. */
  spoolDirectory: string;
  /** Of this host; put on every sample. */
  labels: { env: string; host: string };
  /** Hands a batch to the server; resolves when it is durable there. The same batch may be handed over again. */
  push: Push;
  clock?: Clock;
  /** Milliseconds between two collections and scrapes. */
  interval?: number;
  /** Bytes that may wait for the server; beyond them the oldest batches are dropped. */
  largestSpoolBytes?: number;
  /** Follow journald: the units of followUnits, and with "host" every other line too, as lines of the host itself. */
  journal?: "host" | "units" | "off";
  /** Where programs of this host may send StatsD and Graphite; nowhere unless told. */
  listen?: ListenOptions;
  /** What others on this host count and measure, told with the agent's own metrics. */
  further?: () => readonly CollectedSample[];
  log?: (message: string) => void;
}

export interface TelemetryAgent extends AsyncDisposable {
  /** The endpoints to scrape from now on; series of those that are gone end with a staleness marker. */
  setTargets(targets: readonly ScrapeTarget[]): void;
  /** What is collected beside this host from now on: servers, units, groups, processes. Series of those gone end. */
  setSources(sources: readonly Source[]): void;
  /** Milliseconds between two collections of the host's own metrics from now on; undefined: as at the start. */
  setInterval(interval: number | undefined): void;
  /** The systemd units whose lines belong to a service. Name a unit before it is started. */
  followUnits(units: readonly FollowedUnit[]): void;
  writeLog(record: AgentLogRecord): void;
  /** One sample that was measured at `timestamp` (milliseconds); the host's own labels are added. */
  writeSample(sample: CollectedSample, timestamp: number): void;
  /** The series of such a sample ends: queries see nothing of it from now on. */
  endSeries(sample: CollectedSample): void;
  /** One line of a process's output: JSON is taken apart. `severity` is that of plain lines. */
  writeLine(line: {
    service: string;
    instance: string;
    line: string;
    severity?: AgentLogRecord["severity"];
  }): void;
  /** Tries to push at once: call it when the server is connected again. */
  wake(): void;
  /** Spools what is held in memory. */
  flush(): Promise<void>;
  /** Resolves when the server has acknowledged everything that was spooled. */
  drained(): Promise<void>;
  stats(): OutboxStats;
  /** Where StatsD and Graphite are listened for. */
  readonly ports: { statsd: number | undefined; graphite: number | undefined };
}

const logIntervalMs = 1_000;
const largeLogBytes = 1024 * 1024;

/** Collects what there is to know of a host, keeps it on disk while the server is away, and hands it over once. */
export async function createTelemetryAgent(options: TelemetryAgentOptions): Promise<TelemetryAgent> {
  const { clock = systemClock, interval = 5_000, labels: own, log = () => undefined } = options;
  const outbox = await openOutbox({
    directory: options.spoolDirectory,
    push: options.push,
    clock,
    largestBytes: options.largestSpoolBytes ?? 256 * 1024 * 1024,
    log,
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  let samples = new SampleBuffer();
  let lines = new LogBuffer();
  // Where the journal was read to, and how far of that was given to the outbox.
  let readTo = outbox.cursor;
  let given = outbox.cursor;
  const sink = {
    add: (labels: Labels, timestamp: number, value: number) => samples.add(labels, timestamp, value),
    addStale: (labels: Labels, timestamp: number) => samples.addStale(labels, timestamp),
  };

  async function flushSamples(): Promise<void> {
    if (samples.size === 0) return;
    const batch = samples;
    samples = new SampleBuffer();
    await outbox.put({ kind: "samples", rows: batch.size, bytes: batch.encode() });
  }

  async function flushLogs(): Promise<void> {
    if (lines.size === 0) return;
    const batch = lines;
    const cursor = readTo === given ? "" : readTo;
    lines = new LogBuffer();
    given = readTo;
    await outbox.put({ kind: "logs", rows: batch.size, bytes: batch.encode(), cursor });
  }

  function writeLog(record: AgentLogRecord): void {
    lines.add(record);
    if (lines.bytes > largeLogBytes) void flushLogs();
  }

  function writeLine({
    service,
    instance,
    line,
    severity,
  }: Parameters<TelemetryAgent["writeLine"]>[0]): void {
    const time = nextTime(clock.now()).toString();
    writeLog({ ...parseLogLine(line, severity), service, instance, time });
  }

  const listeners = await startListeners(options.listen ?? {}, {
    ...{ labels: own, sink, log },
    now: () => clock.now(),
  });
  const collector = createNodeCollector();
  async function collect(): Promise<void> {
    const now = clock.now();
    const node = labelled({ ...own, job: "node", instance: own.host });
    const agent = labelled({ ...own, job: "havn-agent", instance: own.host });
    for (const { name, labels, value } of await collector.collect(now))
      sink.add(node(name, labels), now, value);
    for (const { name, labels, value } of collectProcess(outbox.stats))
      sink.add(agent(name, labels), now, value);
    for (const { name, labels, value } of options.further?.() ?? [])
      sink.add(agent(name, labels), now, value);
    listeners.collect(now);
    await flushSamples();
  }

  const scrapes = keyed<ScrapeTarget>((target, stop) =>
    scrapeTarget(target, { sink, labels: own, clock, interval, signal: stop }),
  );
  const sources = keyed<Source>((source, stop) =>
    runSource(source, { sink, labels: own, clock, log, signal: stop }),
  );

  let units = new Map<string, { service: string; instance: string }>();
  function takeEntry({ record, cursor }: JournalEntry): void {
    readTo = cursor;
    writeLog(record);
  }
  const journal = options.journal ?? "host";
  const hostLine = journal === "host" ? { service: "", instance: "" } : undefined;
  const running = [repeat(flushLogs, { clock, interval: logIntervalMs, signal })];
  if (journal !== "off" && process.platform === "linux")
    running.push(
      followJournal({
        cursor: () => readTo,
        unit: (name) => units.get(name) ?? hostLine,
        take: takeEntry,
        ...{ clock, log, signal },
      }),
    );

  const hostCollection = keyed<number>((every, stop) =>
    repeat(() => collect().catch((error: Error) => log(`Host metrics: ${error.message}`)), {
      ...{ clock, interval: every },
      signal: stop,
    }),
  );
  hostCollection.set([interval]);

  const flush = async () => {
    await Promise.all([flushSamples(), flushLogs()]);
  };
  return {
    setTargets: scrapes.set,
    setSources: sources.set,
    setInterval: (every) => hostCollection.set([every ?? interval]),
    followUnits(followed) {
      units = new Map(followed.map(({ unit, service, instance }) => [unit, { service, instance }]));
    },
    ...{ writeLog, writeLine, flush },
    writeSample({ name, labels, value }, timestamp) {
      sink.add({ ...own, instance: own.host, ...labels, __name__: name }, timestamp, value);
    },
    endSeries({ name, labels }) {
      sink.addStale({ ...own, instance: own.host, ...labels, __name__: name }, clock.now());
    },
    wake: outbox.wake,
    async drained() {
      await outbox.drained();
    },
    stats: () => outbox.stats,
    ports: listeners.ports,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // What is scraped and asked lives on; its series go on with the next agent.
      const ending = [scrapes.end(), sources.end(), hostCollection.end()];
      await Promise.all([...running, ...ending, listeners.close()]);
      listeners.collect(clock.now());
      await flush();
      await outbox[Symbol.asyncDispose]();
    },
  };
}

/** What runs for each of a changing list: started when it appears, stopped when it is gone. */
function keyed<T>(start: (one: T, signal: AbortSignal) => Promise<void>) {
  const running = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  let isEnded = false;
  return {
    set(wanted: readonly T[]): void {
      const keys = new Map(wanted.map((one) => [JSON.stringify(one), one]));
      for (const [key, { stop }] of running)
        if (!keys.has(key)) {
          stop.abort();
          running.delete(key);
        }
      for (const [key, one] of keys) {
        if (running.has(key) || isEnded) continue;
        const stop = new AbortController();
        running.set(key, { stop, ended: start(one, stop.signal) });
      }
    },
    async end(): Promise<void> {
      isEnded = true;
      const all = [...running.values()];
      for (const { stop } of all) stop.abort(shutDown);
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

/** Label objects are made once a collection; a name with its labels is one series. */
function labelled(common: Labels) {
  return (name: string, labels: Labels): Labels => ({ ...common, ...labels, __name__: name });
}

let latest = 0n;

/** Nanoseconds; lines of one millisecond keep their order. */
function nextTime(milliseconds: number): bigint {
  const time = BigInt(milliseconds) * 1_000_000n;
  latest = time > latest ? time : latest + 1n;
  return latest;
}
