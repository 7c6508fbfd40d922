import { alertProperties, type Clock, type Event, HavnError, parseAddress, parseDuration } from "@havn/model";
import type { Rule as GroupRule } from "@havn/prometheus";
import type { Routing, RoutingOptions } from "../routing/index.ts";
import type { DeclaredRoute } from "../routing/store.ts";
import { groupOffset, groupSpeech } from "../rulegroups/group.ts";
import type { DeclaredGroup } from "../rulegroups/store.ts";
import type { Ask, Drawn, Grid } from "../rules/ask.ts";
import { ownExpr, type SpeakingContext } from "../rules/condition.ts";
import { type Asked, draw, judge } from "../rules/detect/index.ts";
import { ruleExpression, ruleInterval, ruleSpeech } from "../rules/evaluate.ts";
import type { Rule } from "../store.ts";
import { type Replay, type ReplayedRule, replayRule } from "./replay.ts";
import { othersOf, type RoutedReplay, routeEpisodes, type Asked as Whom } from "./routed.ts";

export interface AlertHistory {
  /** Newest first, at most `limit` of them; `before` an id. */
  list(filter: {
    environment: string;
    kind: string;
    since: number;
    until: number;
    before?: number | undefined;
    limit: number;
  }): Promise<Event[]>;
}

export interface BacktestOptions {
  clock: Clock;
  ask: Ask;
  externalUrl: string;
  timeline: AlertHistory;
  routing: Pick<Routing, "silences">;
  rules(): readonly Rule[];
  groups(): Promise<readonly DeclaredGroup[]>;
  routes(): PromiseLike<readonly DeclaredRoute[]>;
  /** What lies behind another failure. */
  behindOf: NonNullable<RoutingOptions["holdsOf"]>;
  /** Whom a receiver asks or tells at a moment. */
  whom?(receiver: string, at: number): Whom | Promise<Whom>;
}

export interface Overrides {
  expr?: string | undefined;
  for?: string | undefined;
  keepFiringFor?: string | undefined;
  interval?: string | undefined;
}

export interface BacktestRequest {
  environment: string;
  /** Name or address of a rule that was applied, `group/name` where several have the name. */
  rule?: string | undefined;
  /** In its place: one that was not applied yet, with its properties as the configuration gives them. */
  alert?: { name: string; properties: unknown } | undefined;
  /** The same of a group in Prometheus' form, and which of its rules is meant. */
  group?: { name: string; properties: DeclaredGroup["properties"]; rule: string } | undefined;
  /** Routes that are not applied yet; those that are where left out. */
  routes?: readonly DeclaredRoute[] | undefined;
  overrides: Overrides;
  from: number;
  until: number;
  /** Moments of each series that is drawn. */
  points: number;
}

export interface Backtest extends Replay, RoutedReplay {
  environment: string;
  rule: string;
  expr: string;
  intervalMs: number;
  forMs: number;
  from: number;
  until: number;
  drawn: (Omit<Drawn, "values" | "lower" | "upper"> & {
    values: (number | null)[];
    lower: (number | null)[];
    upper: (number | null)[];
  })[];
  drawnAt: number[];
  /** What was taken as it is now, since it is not known how it was. */
  assumed: string[];
}

interface Chosen {
  replayed: ReplayedRule;
  asked: Omit<Asked, "grid" | "signal">;
  /** As it is written. */
  expr: string;
  assumed: string[];
}

const mostDrawn = 20;
/** 400 days every fifteen seconds; a rule of every millisecond would keep the server at it for days. */
const mostEvaluations = 2_500_000;
const mostEvents = 20_000;

/** What a rule would have done and whom it would have reached, over the time that is given. */
export async function backtest(
  request: BacktestRequest,
  options: BacktestOptions,
  { signal, progress }: { signal: AbortSignal; progress?: (done: number) => void },
): Promise<Backtest> {
  const { environment, from, until } = request;
  const chosen = await choose(request, options);
  const { replayed, asked } = chosen;
  refuseTooMany(request, replayed.intervalMs);
  const query: Ask["instant"] = (...given) => options.ask.instant(...given);
  const context: Omit<SpeakingContext, "at" | "signal" | "fault"> = {
    externalUrl: options.externalUrl,
    query,
  };
  const replay = await replayRule(replayed, { from, until, signal, context, ...(progress && { progress }) });
  const events = await alertEvents(request, options);
  const routed = await routeEpisodes({
    ...{ environment, until, signal, episodes: replay.episodes },
    others: othersOf(events.found, { rule: replayed.speech.name, environment }),
    routes: request.routes ?? (await options.routes()),
    silences: options.routing.silences.list(),
    behindOf: options.behindOf,
    ask: options.whom ?? (() => ({ channels: [], people: [] })),
  });
  const drawing = drawingGrid(request, replayed.intervalMs);
  const drawn = await draw({ ...asked, grid: drawing, signal }).catch((cause: unknown): Drawn[] => {
    if (signal.aborted) throw cause;
    return [];
  });
  return {
    ...replay,
    ...routed,
    warnings: [...replay.warnings, ...routed.warnings, ...events.warnings],
    ...{ environment, rule: replayed.speech.name, expr: chosen.expr, from, until },
    ...{ intervalMs: replayed.intervalMs, forMs: replayed.speech.forMs },
    drawnAt: Array.from({ length: drawing.count }, (_, i) => drawing.start + i * drawing.step),
    drawn: drawn.slice(0, mostDrawn).map(({ labels, values, lower, upper }) => ({
      ...{ labels, values: numbers(values), lower: numbers(lower), upper: numbers(upper) },
    })),
    assumed: [
      ...chosen.assumed,
      "Routes, receivers and what stands on what are those of now. Schedules are as they are declared now, with every override and swap that was made.",
      "Silences held at the time that they stood; those that ended more than five days ago are not known any more.",
      "Other alerts held back what they held back at that time, as far as the timeline tells of them.",
    ],
  };
}

function refuseTooMany({ from, until }: BacktestRequest, intervalMs: number): void {
  if (intervalMs > 0 && (until - from) / intervalMs <= mostEvaluations) return;
  throw new HavnError(`A replay has at most ${mostEvaluations} evaluations`, {
    status: 400,
    detail: "Choose a longer interval, or a shorter time.",
  });
}

const numbers = (values: Float64Array) =>
  Array.from(values, (value) => (Number.isFinite(value) ? value : null));

/** Points lie where evaluations would have been, so that a spike that is drawn is one that counted. */
function drawingGrid({ from, until, points }: BacktestRequest, intervalMs: number): Grid {
  const step = Math.max(1, Math.ceil((until - from) / points / intervalMs)) * intervalMs;
  const start = Math.ceil(from / step) * step;
  return { start, step, count: Math.max(1, Math.floor((until - start) / step) + 1) };
}

async function alertEvents({ environment, from, until }: BacktestRequest, { timeline }: BacktestOptions) {
  const found: Event[] = [];
  // What began within a week before may last still.
  const since = from - 7 * 86_400_000;
  for (let before: number | undefined; found.length < mostEvents; ) {
    const some = await timeline.list({ environment, kind: "alert", since, until, before, limit: 1000 });
    found.push(...some);
    before = some.at(-1)?.id;
    if (some.length < 1000) return { found, warnings: [] };
  }
  return { found, warnings: [`Only the newest ${mostEvents} entries of other alerts were regarded.`] };
}

async function choose(request: BacktestRequest, options: BacktestOptions): Promise<Chosen> {
  const { environment, alert, group } = request;
  if (alert) {
    const address = `${environment}/alert/${alert.name}`;
    return ofAlert(
      { address, environment, name: alert.name, properties: readAlert(alert) },
      request,
      options,
    );
  }
  if (group) {
    const { name, properties, rule } = group;
    const declared = { address: `${environment}/rules/${name}`, environment, name, properties };
    const meant = properties.rules.find((one) => one.alert === rule);
    if (meant) return ofGroup({ declared, rule: meant }, request, options);
    throw new HavnError(`Group ${name} has no alerting rule ${rule}`, { status: 404 });
  }
  const found = [
    ...options
      .rules()
      .filter(
        (rule) => rule.environment === environment && [rule.name, rule.address].includes(request.rule ?? ""),
      )
      .map((rule) => () => ofAlert(rule, request, options)),
    ...(await options.groups())
      .filter((declared) => declared.environment === environment)
      .flatMap((declared) =>
        declared.properties.rules
          .filter(({ alert: name }) =>
            [name, `${declared.name}/${name}`, `${declared.properties.group}/${name}`].includes(request.rule),
          )
          .map((rule) => () => ofGroup({ declared, rule }, request, options)),
      ),
  ];
  const [first, second] = found;
  if (first && !second) return first();
  throw first
    ? new HavnError(`${found.length} rules of ${environment} are called "${request.rule}"`, {
        ...{ status: 400, detail: "Write GROUP/NAME." },
      })
    : new HavnError(`There is no alerting rule "${request.rule}" in environment ${environment}`, {
        ...{ status: 404, detail: "havn rules lists them." },
      });
}

function readAlert({ name, properties }: { name: string; properties: unknown }) {
  const read = alertProperties.safeParse(properties);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new HavnError(`The alert ${name} cannot be read`, {
    ...{ status: 400, detail: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}` },
  });
}

function ofAlert(given: Rule, { overrides }: BacktestRequest, { ask }: BacktestOptions): Chosen {
  const { keepFiringFor, interval, expr } = overrides;
  const properties = readAlert({
    name: given.name,
    properties: {
      ...given.properties,
      ...(expr !== undefined && { expr }),
      ...(overrides.for !== undefined && { for: overrides.for }),
      ...(keepFiringFor !== undefined && { keepFiringFor }),
      ...(interval !== undefined && { interval }),
    },
  });
  const rule = { ...given, properties };
  const { environment } = rule;
  const asked = { environment, expr: ruleExpression(rule), detect: properties.detect, ask };
  const assumed =
    properties.detect?.kind === "expected" ? ["What should exist is what should exist now."] : [];
  return {
    ...{ asked, expr: properties.expr, assumed },
    replayed: {
      speech: ruleSpeech(rule),
      ...{ intervalMs: ruleInterval(rule), offsetMs: 0, queryOffsetMs: 0, limit: 0 },
      keepMs: parseDuration(properties.keepFiringFor ?? "0s"),
      judge: (grid, signal) => judge({ ...asked, grid, signal }),
    },
  };
}

function ofGroup(
  { declared: given, rule: written }: { declared: DeclaredGroup; rule: GroupRule },
  { overrides }: BacktestRequest,
  { ask }: BacktestOptions,
): Chosen {
  const { interval = given.properties.interval, expr = written.expr } = overrides;
  const declared = { ...given, properties: { ...given.properties, interval } };
  const rule: GroupRule = {
    ...{ ...written, expr },
    ...(overrides.for !== undefined && { for: overrides.for }),
    ...(overrides.keepFiringFor !== undefined && { keep_firing_for: overrides.keepFiringFor }),
  };
  const { environment } = parseAddress(declared.address);
  const asked = { environment, expr: ownExpr(expr, environment), detect: undefined, ask };
  return {
    ...{ asked, expr, assumed: recordedBy(declared, expr) },
    replayed: {
      speech: groupSpeech(declared, rule),
      ...{ intervalMs: parseDuration(interval), offsetMs: groupOffset(declared.properties) },
      queryOffsetMs: parseDuration(declared.properties.query_offset),
      keepMs: parseDuration(rule.keep_firing_for ?? "0s"),
      limit: declared.properties.limit,
      judge: (grid, signal) => judge({ ...asked, grid, signal }),
    },
  };
}

/** What recording rules made counts as far as it was recorded. */
function recordedBy({ properties }: DeclaredGroup, expr: string): string[] {
  const names = properties.rules.flatMap(({ record }) =>
    record !== undefined && expr.includes(record) ? [record] : [],
  );
  if (names.length === 0) return [];
  const known = `Series that recording rules make (${names.join(", ")}) are taken as they were recorded`;
  return [`${known}: havn rules backfill makes up for what was not.`];
}
