import type { Labels } from "@havn/model";
import { listenGraphite } from "./graphite.ts";
import { listenStatsd } from "./statsd.ts";

export interface SampleSink {
  add(labels: Labels, timestamp: number, value: number): void;
  addStale(labels: Labels, timestamp: number): void;
}

/** Ports of loopback on which programs of this host may send metrics; one that is left out is not opened. */
export interface ListenOptions {
  /** StatsD and DogStatsD, UDP. */
  statsd?: number | undefined;
  /** Graphite's plain text, TCP. */
  graphite?: number | undefined;
}

/** HAVN_STATSD_PORT and HAVN_GRAPHITE_PORT of the agent's environment, for example 8125 and 2003. */
export function listenFromEnvironment(environment: NodeJS.ProcessEnv): ListenOptions {
  const port = (text: string | undefined) => (text && /^\d{1,5}$/.test(text) ? Number(text) : undefined);
  return { statsd: port(environment.HAVN_STATSD_PORT), graphite: port(environment.HAVN_GRAPHITE_PORT) };
}

export interface Listeners {
  readonly ports: { statsd: number | undefined; graphite: number | undefined };
  /** Lines so far, the refused ones among them. */
  stats(): { lines: number; refusedLines: number };
  collect(now: number): void;
  close(): Promise<void>;
}

/** A port that is taken is told of; the agent goes on without it. */
export async function startListeners(
  { statsd, graphite }: ListenOptions,
  options: { labels: Labels; sink: SampleSink; now: () => number; log: (message: string) => void },
): Promise<Listeners> {
  const { log, ...rest } = options;
  const open = async <T>(name: string, port: number | undefined, listen: (port: number) => Promise<T>) => {
    if (port === undefined) return undefined;
    try {
      return await listen(port);
    } catch (error) {
      log(`${name} does not listen on port ${port}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const place = { ...rest, address: "127.0.0.1" };
  const first = await open("StatsD", statsd, (port) => listenStatsd({ ...place, port }));
  const second = await open("Graphite", graphite, (port) => listenGraphite({ ...place, port }));
  return {
    ports: { statsd: first?.port, graphite: second?.port },
    stats() {
      const all = [first?.stats, second?.stats];
      const sum = (name: "lines" | "refusedLines") =>
        all.reduce((total, each) => total + (each?.[name] ?? 0), 0);
      return { lines: sum("lines"), refusedLines: sum("refusedLines") };
    },
    collect: (now) => first?.collect(now),
    async close() {
      await Promise.all([first?.close(), second?.close()]);
    },
  };
}
