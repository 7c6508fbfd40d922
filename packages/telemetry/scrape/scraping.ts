import { isDeepStrictEqual } from "node:util";
import type { Route } from "@havn/http";
import { type Clock, type Labels, systemClock } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import type { ResourceExecutor } from "../executor.ts";
import type { Ingest } from "../ingest.ts";
import { createExecutor } from "./executor.ts";
import { type ActiveTarget, openPool, type Pool } from "./pool.ts";
import { targetRoutes } from "./routes.ts";
import { type DeclaredScrape, listScrapes } from "./store.ts";
import { createWriter } from "./writer.ts";

export interface ScrapingOptions {
  sql: Sql;
  /** Where samples are kept: the telemetry room's own `sinks`. */
  sinks: Pick<Ingest, "sink" | "store">;
  /** Opens the references in what is about to be used. What it gives is never shown. */
  resolve<T>(environment: string, value: T): Promise<T>;
  clock?: Clock;
  log?: (message: string) => void;
}

export interface JobTargets {
  environment: string;
  address: string;
  job: string;
  active: ActiveTarget[];
  dropped: { discovered: Labels; why: string }[];
  droppedCount: number;
  /** Why targets of it cannot be found, or are not scraped. */
  faults: string[];
}

/** Scraping by the control plane: what is declared as type `scrape`, asked from here. */
export interface Scraping extends AsyncDisposable {
  executor: ResourceExecutor;
  targets(): JobTargets[];
  routes: Route[];
  /** Begins with what was declared before. */
  start(): Promise<void>;
}

interface Opened {
  declared: DeclaredScrape;
  pool: Pool | undefined;
  fault: string | undefined;
}

export async function createScraping(options: ScrapingOptions): Promise<Scraping> {
  const { sql, clock = systemClock, log = () => undefined } = options;
  await migrate(sql, "telemetry", new URL("./migrations/", import.meta.url));
  const writer = createWriter(options.sinks, { log });
  const opened = new Map<string, Opened>();
  let started = false;
  let turn: Promise<void> = Promise.resolve();

  async function open(declared: DeclaredScrape): Promise<Opened> {
    const { environment, properties } = declared;
    try {
      const config = await options.resolve(environment, properties);
      return { declared, pool: openPool({ config, write: writer(environment), clock }), fault: undefined };
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      log(`${declared.address} is not scraped: ${fault}`);
      return { declared, pool: undefined, fault };
    }
  }

  async function bringAbout(): Promise<void> {
    const wanted = new Map((await listScrapes(sql)).map((one) => [one.address, one]));
    for (const [address, { declared, pool }] of opened) {
      if (pool && isDeepStrictEqual(wanted.get(address), declared)) continue;
      opened.delete(address);
      await pool?.close(true);
    }
    for (const [address, declared] of wanted)
      if (!opened.has(address)) opened.set(address, await open(declared));
  }

  const declared = (): Promise<void> => {
    if (!started) return Promise.resolve();
    const next = turn.then(bringAbout);
    turn = next.catch(() => {});
    return next;
  };

  const targets = (): JobTargets[] =>
    [...opened.values()].map(({ declared: { environment, address, properties }, pool, fault }) => ({
      ...{ environment, address, job: properties.job_name },
      active: pool?.active() ?? [],
      dropped: pool?.dropped() ?? [],
      droppedCount: pool?.droppedCount() ?? 0,
      faults: [...(fault === undefined ? [] : [fault]), ...(pool?.faults() ?? [])],
    }));

  return {
    executor: createExecutor({ sql, declared }),
    targets,
    routes: targetRoutes({
      targets,
      steps: (address, discovered) => opened.get(address)?.pool?.steps(discovered) ?? [],
    }),
    async start() {
      started = true;
      await declared();
    },
    async [Symbol.asyncDispose]() {
      started = false;
      await turn;
      await Promise.all([...opened.values()].map(({ pool }) => pool?.close(false)));
    },
  };
}
