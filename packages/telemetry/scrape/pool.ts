import type { Clock, Labels } from "@havn/model";
import type { RelabelStep, ScrapeProperties } from "@havn/prometheus";
import { relabelSteps } from "@havn/prometheus";
import type { TargetGroup } from "../discovery/discovery.ts";
import { type Search, searches } from "../discovery/index.ts";
import { Connection } from "./fetch.ts";
import { httpOf } from "./http.ts";
import { discoveredLabels, jobOf, type Planned, planTarget } from "./plan.ts";
import { newState, scrapeTarget, shutDown, type TargetState, type Write } from "./target.ts";

export interface PoolOptions {
  /** Its references are opened. */
  config: ScrapeProperties;
  write: Write;
  clock: Clock;
}

export interface ActiveTarget {
  discovered: Labels;
  labels: Labels;
  url: string;
  interval: number;
  timeout: number;
  state: TargetState;
}

/** A job: where its targets are found, and the scraping of each. */
export interface Pool {
  active(): ActiveTarget[];
  dropped(): { discovered: Labels; why: string }[];
  droppedCount(): number;
  /** What finding targets failed with lately. */
  faults(): string[];
  steps(discovered: Labels): RelabelStep[];
  /** `goes`: its targets are scraped no more, and their series end. Otherwise the next start goes on with them. */
  close(goes: boolean): Promise<void>;
}

interface Running {
  planned: Extract<Planned, { kind: "active" }>;
  state: TargetState;
  stop: AbortController;
  ended: Promise<void>;
}

/** Dropped targets that are kept to be shown. */
const mostDropped = 1_000;
/** Where `target_limit` does not say another. */
const usualTargets = 20_000;

export function openPool({ config, write, clock }: PoolOptions): Pool {
  const job = jobOf(config);
  const connections: Connection[] = [];
  const connect = (given: Parameters<typeof httpOf>[0]) => {
    const connection = new Connection(httpOf(given));
    connections.push(connection);
    return connection;
  };
  const own = connect(config);
  const stopping = new AbortController();
  const found = new Map<Search, readonly TargetGroup[]>();
  const faults = new Map<Search, string>();
  const running = new Map<string, Running>();
  let dropped: Extract<Planned, { kind: "dropped" }>[] = [];
  let droppedCount = 0;
  let limitFault: string | undefined;
  const ending = new Set<Promise<void>>();

  function start(planned: Running["planned"]): void {
    const state = newState();
    const stop = new AbortController();
    const ended = scrapeTarget(planned.target, {
      ...{ write, clock, connection: own, state, signal: stop.signal },
    }).catch((error: Error) => {
      Object.assign(state, { health: "down", lastError: error.message });
    });
    running.set(planned.key, { planned, state, stop, ended });
  }

  function end(key: string, one: Running, reason?: unknown): void {
    running.delete(key);
    one.stop.abort(reason);
    ending.add(one.ended);
    void one.ended.then(() => ending.delete(one.ended));
  }

  function replan(): void {
    if (stopping.signal.aborted) return;
    const wanted = new Map<string, Running["planned"]>();
    const drops: typeof dropped = [];
    for (const groups of found.values())
      for (const { targets, labels } of groups)
        for (const target of targets) {
          const planned = planTarget(job, { ...labels, ...target });
          if (planned.kind === "dropped") drops.push(planned);
          else if (!wanted.has(planned.key)) wanted.set(planned.key, planned);
        }
    droppedCount = drops.length;
    dropped = drops.slice(0, config.keep_dropped_targets || mostDropped);
    const limit = config.target_limit || usualTargets;
    limitFault =
      wanted.size > limit
        ? `there are ${wanted.size} targets, more than target_limit ${limit}: none is scraped`
        : undefined;
    if (limitFault !== undefined) wanted.clear();
    for (const [key, one] of running) if (!wanted.has(key)) end(key, one);
    for (const [key, planned] of wanted) if (!running.has(key)) start(planned);
  }

  const looking = searches(config).map((search) =>
    search.run(
      (groups) => {
        found.set(search, groups);
        replan();
      },
      {
        clock,
        connection: search.http ? connect(search.http) : own,
        failed: (message) => {
          if (message === undefined) faults.delete(search);
          else faults.set(search, `${search.way}: ${message}`);
        },
        signal: stopping.signal,
      },
    ),
  );

  return {
    active: () =>
      [...running.values()].map(({ planned: { discovered, target }, state }) => ({
        ...{ discovered, state, labels: target.labels, url: target.url },
        ...{ interval: target.interval, timeout: target.timeout },
      })),
    dropped: () => dropped.map(({ discovered, why }) => ({ discovered, why })),
    droppedCount: () => droppedCount,
    faults: () => [...faults.values(), ...(limitFault === undefined ? [] : [limitFault])],
    steps: (discovered) => relabelSteps(discoveredLabels(discovered, config), config.relabel_configs ?? []),
    async close(goes) {
      stopping.abort();
      for (const [key, one] of running) end(key, one, goes ? undefined : shutDown);
      await Promise.allSettled([...looking, ...ending]);
      for (const connection of connections) connection.close();
    },
  };
}
