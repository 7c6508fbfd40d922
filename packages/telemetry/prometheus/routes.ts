import { defineRoute, RawResponse, type Route } from "@havn/http";
import { type Clock, formatDuration, HavnError, labelsKey } from "@havn/model";
import { type Matcher, PromqlError, parsePromql, type Querier } from "@havn/promql";
import { z } from "zod";
import type { JobTargets } from "../scrape/scraping.ts";
import type { StoreFacts } from "./facts.ts";
import { formatFamilies } from "./federation.ts";

export interface PrometheusRoutesOptions {
  facts: StoreFacts;
  querier: Querier;
  clock: Clock;
  /** What the control plane scrapes itself. */
  scraped?: (() => readonly JobTargets[]) | undefined;
}

const prefix = "/prometheus/api/v1";
const staleAfterMs = 5 * 60_000;
const text = z.string().optional();
const selectors = z.union([z.string(), z.array(z.string())]).optional();
const parameters = z.object({
  metric: text,
  limit: z.coerce.number().int().min(0).default(0).describe("0 is no limit"),
  limit_per_metric: z.coerce.number().int().min(0).default(0),
  query: text,
  start: text,
  end: text,
  state: text,
  "match[]": selectors,
});
type Parameters = z.output<typeof parameters>;

interface Door {
  path: string;
  summary: string;
  /** Prometheus takes a form here too. */
  form?: boolean;
  data(given: Parameters, signal: AbortSignal): Promise<unknown>;
}

/** What Prometheus' HTTP API tells of a store: metadata, exemplars, targets and status; and federation. */
export function prometheusRoutes(options: PrometheusRoutesOptions): Route[] {
  const { facts, querier, clock, scraped = () => [] } = options;
  const startedAt = new Date(clock.now()).toISOString();
  const doors: Door[] = [
    {
      path: "/metadata",
      summary: "What metrics are, as their senders said",
      data: async (given, signal) => {
        const found = (await facts.metadata(given.metric, signal)).slice(0, given.limit || undefined);
        return Object.fromEntries(found.map(({ name, type, help, unit }) => [name, [{ type, help, unit }]]));
      },
    },
    {
      path: "/query_exemplars",
      summary: "Exemplars of the series that selectors of a query match",
      form: true,
      data: (given, signal) => {
        const range = { start: timeOf(given.start, 0), end: timeOf(given.end, clock.now()) };
        return facts.exemplars(selectorsOf([given.query ?? ""], "query"), range, signal);
      },
    },
    {
      path: "/targets",
      summary: "What is scraped: by the control plane, and by agents as their series `up` tells",
      data: async (given, signal) => {
        const now = clock.now();
        const range = { start: now - staleAfterMs, end: now };
        const jobs = scraped();
        const byAgents = async () => activeTargetsOf(querier, { range, jobs }, signal);
        const wants = (state: string) => [undefined, "", "any", state].includes(given.state);
        return {
          activeTargets: wants("active") ? [...scrapedTargets(jobs), ...(await byAgents())] : [],
          droppedTargets: wants("dropped") ? droppedTargets(jobs) : [],
          droppedTargetCounts: Object.fromEntries(jobs.map(({ job, droppedCount }) => [job, droppedCount])),
        };
      },
    },
    {
      path: "/status/buildinfo",
      summary: "Which version of Prometheus' API this is",
      // Clients choose what they ask for by this version.
      data: async () => ({
        ...{ version: "3.5.0", revision: "", branch: "", buildUser: "", buildDate: "", goVersion: "" },
        application: "Havn",
      }),
    },
    {
      path: "/status/runtimeinfo",
      summary: "How the store does",
      data: async () => ({ startTime: startedAt, CWD: "/", ...facts.runtime() }),
    },
    {
      path: "/status/flags",
      summary: "Prometheus' flags that have a meaning here",
      data: async () => facts.flags(),
    },
    {
      path: "/status/config",
      summary: "Empty: what is watched stands in Havn's own configuration",
      data: async () => ({ yaml: "# What is watched stands in havn.config.ts.\n" }),
    },
    {
      path: "/status/tsdb",
      summary: "How many series there are, by name, label and pair",
      data: (given, signal) => facts.cardinality(given.limit || 10, signal),
    },
  ];
  const routes = doors.flatMap((door) => [getRoute(door), ...(door.form ? [formRoute(door)] : [])]);
  return [...routes, federation({ querier, clock, facts })];
}

const common = (door: Door) => ({
  path: prefix + door.path,
  access: { action: "metric:read" },
  query: parameters,
  response: z.object({ status: z.literal("success"), data: z.unknown() }),
  onError: failure,
});

const getRoute = (door: Door) =>
  defineRoute({
    ...common(door),
    method: "GET",
    summary: door.summary,
    handle: async ({ query, signal }) => ({
      status: "success" as const,
      data: await door.data(query, signal),
    }),
  });

const formRoute = (door: Door) =>
  defineRoute({
    ...common(door),
    method: "POST",
    summary: `${door.summary} (parameters in a form)`,
    reads: true,
    consumes: "form",
    body: parameters.optional(),
    handle: async ({ query, body, signal }) => {
      const given = { ...query, ...body };
      return { status: "success" as const, data: await door.data(given, signal) };
    },
  });

function federation({ querier, clock, facts }: PrometheusRoutesOptions): Route {
  return defineRoute({
    method: "GET",
    path: "/prometheus/federate",
    summary: "The last samples of the series that match, as text for another Prometheus to scrape",
    access: { action: "metric:read" },
    query: parameters,
    response: z.unknown(),
    onError: failure,
    handle: async ({ query, signal }) => {
      const now = clock.now();
      const sets = selectorsOf([query["match[]"] ?? []].flat(), "match[]");
      const range = { start: now - staleAfterMs, end: now };
      const body = formatFamilies(
        await lastSamples(querier, sets, range, signal),
        await facts.metadata(undefined, signal),
      );
      return new RawResponse(body, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    },
  });
}

interface Last {
  labels: Readonly<Record<string, string>>;
  timestamp: number;
  value: number;
}

/** Of series that ended no sample is told. Native histograms have no place in the text format. */
async function lastSamples(
  querier: Querier,
  sets: readonly (readonly Matcher[])[],
  range: { start: number; end: number },
  signal: AbortSignal,
): Promise<Last[]> {
  const found = new Map<string, Last>();
  for (const set of sets)
    for await (const { labels, timestamps, values, histograms } of querier.select(set, range, signal)) {
      const last = timestamps.length - 1;
      const bits = new Uint32Array(values.buffer, values.byteOffset + last * 8, 2);
      const isStale = bits[0] === 2 && bits[1] === 0x7ff00000;
      if (isStale || histograms?.[last]) continue;
      found.set(labelsKey(labels), {
        labels,
        timestamp: timestamps[last] ?? 0,
        value: values[last] ?? 0,
      });
    }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, last]) => last);
}

/** Those of agents and of senders. */
async function activeTargetsOf(
  querier: Querier,
  { range, jobs }: { range: { start: number; end: number }; jobs: readonly JobTargets[] },
  signal: AbortSignal,
): Promise<unknown[]> {
  const up: Matcher = { name: "__name__", operator: "=", value: "up" };
  const known = new Set(
    jobs.flatMap(({ environment, active }) =>
      active.map(({ labels }) => labelsKey({ ...labels, env: environment })),
    ),
  );
  const found = await lastSamples(querier, [[up]], range, signal);
  const others = found.filter(({ labels: { __name__, ...own } }) => !known.has(labelsKey(own)));
  return others.map(({ labels, timestamp, value }) => {
    const { __name__, ...own } = labels;
    return {
      ...{ discoveredLabels: own, labels: own, scrapePool: own.job ?? "", globalUrl: "", lastError: "" },
      scrapeUrl: `http://${own.instance ?? ""}/metrics`,
      lastScrape: new Date(timestamp).toISOString(),
      health: value === 1 ? "up" : "down",
    };
  });
}

const scrapedTargets = (jobs: readonly JobTargets[]): unknown[] =>
  jobs.flatMap(({ environment, job, active }) =>
    active.map(({ discovered, labels, url, interval, timeout, state }) => ({
      ...{ discoveredLabels: discovered, labels: { ...labels, env: environment }, scrapePool: job },
      ...{ scrapeUrl: url, globalUrl: url, lastError: state.lastError, health: state.health },
      lastScrape: new Date(state.lastScrape).toISOString(),
      lastScrapeDuration: state.durationMs / 1000,
      scrapeInterval: formatDuration(interval),
      scrapeTimeout: formatDuration(timeout),
    })),
  );

const droppedTargets = (jobs: readonly JobTargets[]): unknown[] =>
  jobs.flatMap(({ job, dropped }) =>
    dropped.map(({ discovered }) => ({ discoveredLabels: discovered, scrapePool: job })),
  );

/** Every selector of each expression. */
function selectorsOf(texts: readonly string[], parameter: string): Matcher[][] {
  const found: Matcher[][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { kind, matchers } = node as { kind?: string; matchers?: Matcher[] };
    if (kind === "selector" && matchers) found.push(matchers);
    else for (const part of Object.values(node)) walk(part);
  };
  for (const each of texts) {
    try {
      walk(parsePromql(each));
    } catch (cause) {
      if (!(cause instanceof PromqlError)) throw cause;
      throw badData(`invalid parameter "${parameter}": ${cause.message}`);
    }
  }
  if (found.length === 0) throw badData(`no ${parameter} parameter provided`);
  return found;
}

function timeOf(given: string | undefined, fallback: number): number {
  if (given === undefined || given === "") return fallback;
  const seconds = Number(given);
  const time = Number.isNaN(seconds) ? Date.parse(given) : seconds * 1000;
  if (!Number.isFinite(time)) throw badData(`cannot parse ${JSON.stringify(given)} to a valid timestamp`);
  return time;
}

const badData = (message: string) => new HavnError(message, { status: 400 });

function failure(error: HavnError): { status: number; body: unknown } {
  const errorType = error.status === 400 ? "bad_data" : error.status === 422 ? "execution" : "internal";
  return { status: error.status, body: { status: "error", errorType, error: error.message } };
}
