import { defineRoute, type RawResponse, type Route } from "@havn/http";
import type { Clock } from "@havn/model";
import { z } from "zod";
import type { Expr } from "../ast.ts";
import type { InstantResult, PromqlEngine, QueryOptions, RangeResult } from "../engine.ts";
import { PromqlError } from "../errors.ts";
import { parsePromql } from "../parser/parse.ts";
import type { Matcher, Querier, TimeRange } from "../querier.ts";
import { QueryTrace } from "../trace.ts";
import { answer, answerResult, answerSchema, limited, mapError } from "./answer.ts";
import { Gate } from "./gate.ts";
import {
  dialectOf,
  findDurationOf,
  invalidParameter,
  limitOf,
  matchTexts,
  type Parameters,
  parameters,
  timeOf,
} from "./parameters.ts";
import { type Patience, patienceFor } from "./patience.ts";
import { QueryTexts } from "./texts.ts";

export interface PromqlRoutesOptions {
  engine: PromqlEngine;
  querier: Querier;
  clock: Clock;
  /** Milliseconds, finer than the clock's: how long queries take is told in them. The clock's unless given. */
  stopwatch?: () => number;
  /** The longest that a query may take; a caller's `timeout` can only shorten it. Two minutes unless told. */
  timeoutMs?: number;
  /** Queries that are evaluated at the same time; the others wait. 8 unless told. */
  maxConcurrent?: number;
}

interface Request {
  given: Parameters;
  signal: AbortSignal;
  name: string;
}

interface Endpoint {
  path: string;
  summary: string;
  /** Prometheus answers values of a label to GET only. */
  getOnly?: boolean;
  handle(request: Request): Promise<RawResponse>;
}

const prefix = "/prometheus/api/v1";

/**
 * Prometheus' HTTP API for reading: Grafana and other clients take `…/prometheus` as the address of a Prometheus.
 * Wording of answers and failures, and the status codes, are Prometheus' own.
 */
export function promqlRoutes(options: PromqlRoutesOptions): Route[] {
  return endpoints(options).flatMap((endpoint) => [
    getRoute(endpoint),
    ...(endpoint.getOnly ? [] : [postRoute(endpoint)]),
  ]);
}

const pathParameters = z.object({ name: z.string().default("") });

const getRoute = ({ path, summary, handle }: Endpoint) =>
  defineRoute({
    method: "GET",
    path: prefix + path,
    summary,
    access: { action: "metric:read" },
    params: pathParameters,
    query: parameters,
    response: answerSchema,
    onError: mapError,
    handle: ({ params, query, signal }) => handle({ given: query, signal, name: params.name }),
  });

const postRoute = ({ path, summary, handle }: Endpoint) =>
  defineRoute({
    method: "POST",
    path: prefix + path,
    summary: `${summary} (parameters in a form)`,
    access: { action: "metric:read" },
    reads: true,
    consumes: "form",
    query: parameters,
    body: parameters.optional(),
    response: answerSchema,
    onError: mapError,
    handle: ({ query, body, signal }) => handle({ given: { ...query, ...body }, signal, name: "" }),
  });

function endpoints({
  engine,
  querier,
  clock,
  stopwatch = () => clock.now(),
  timeoutMs = 120_000,
  maxConcurrent = 8,
}: PromqlRoutesOptions): Endpoint[] {
  const gate = new Gate(maxConcurrent);
  const inTurn = async <T extends InstantResult | RangeResult>(
    request: Request,
    evaluate: (expr: Expr, options: QueryOptions) => Promise<T>,
  ): Promise<RawResponse> => {
    const { given } = request;
    const { parsed, text } = queryOf(given);
    const limit = limitOf(given);
    const asked = given.stats || given.explain === "true";
    const trace = asked ? new QueryTrace(stopwatch) : undefined;
    using patience = patienceOf(request);
    const { signal } = patience;
    const leave = await gate.enter(signal);
    trace?.entered();
    try {
      const options = { ...lookback(given), text, signal, ...(trace && { trace }) };
      return answerResult(await evaluate(parsed, options), limit, trace && told(trace, given));
    } finally {
      leave();
    }
  };
  const texts = new QueryTexts();
  const queryOf = (given: Parameters) =>
    parsing("query", () => texts.parse(given.query ?? "", dialectOf(given)));
  const patienceOf = ({ given, signal }: Request): Patience =>
    patienceFor(signal, Math.min(findDurationOf(given, "timeout") ?? timeoutMs, timeoutMs));
  const lookback = (given: Parameters) => {
    const lookbackMs = findDurationOf(given, "lookback_delta");
    return lookbackMs === undefined ? {} : { lookbackMs };
  };
  return [
    {
      path: "/query",
      summary: "Evaluate PromQL at one moment",
      handle: async (request) => {
        const { given } = request;
        const time = timeOf(given, "time", clock.now());
        return inTurn(request, (expr, options) => engine.instant(expr, time, options));
      },
    },
    {
      path: "/query_range",
      summary: "Evaluate PromQL over a range of time",
      handle: async (request) => {
        const { given } = request;
        const startMs = timeOf(given, "start");
        const endMs = timeOf(given, "end");
        const stepMs = findDurationOf(given, "step");
        if (stepMs === undefined) throw invalidParameter("step", `cannot parse "" to a valid duration`);
        const window = { startMs, endMs, stepMs };
        return inTurn(request, (expr, options) => engine.range(expr, window, options));
      },
    },
    {
      path: "/labels",
      summary: "Names of labels",
      handle: async (request) => {
        const { given } = request;
        using patience = patienceOf(request);
        const names = await querier.labelNames(matchers(given), rangeOf(given, clock), patience.signal);
        const { items, warnings } = limited(names, limitOf(given));
        return answer(items, { warnings });
      },
    },
    {
      path: "/label/:name/values",
      summary: "Values of a label",
      getOnly: true,
      handle: async (request) => {
        const { given, name } = request;
        const range = rangeOf(given, clock);
        using patience = patienceOf(request);
        const values = await querier.labelValues(labelName(name), matchers(given), range, patience.signal);
        const { items, warnings } = limited(values, limitOf(given));
        return answer(items, { warnings });
      },
    },
    {
      path: "/series",
      summary: "Series that match selectors",
      handle: async (request) => {
        const { given } = request;
        const sets = matchers(given);
        if (sets.length === 0) throw new PromqlError("bad_data", "no match[] parameter provided");
        using patience = patienceOf(request);
        const series = await querier.series(sets, rangeOf(given, clock), patience.signal);
        const { items, warnings } = limited(series, limitOf(given));
        return answer(items, { warnings });
      },
    },
  ];
}

/** What a caller wants to know beside the result. */
const told = (trace: QueryTrace, { stats, explain }: Parameters) => ({
  ...(stats && { stats: trace.stats({ perStep: stats === "all" }) }),
  ...(explain === "true" && { explain: trace.explain() }),
});

/** In Prometheus' words for a mistake in a parameter. */
function parsing<T>(parameter: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof PromqlError) throw invalidParameter(parameter, cause.message);
    throw cause;
  }
}

/** Names that Prometheus' older clients cannot write in an address come as `U__…`. */
function labelName(name: string): string {
  if (!name.startsWith("U__")) return name;
  return name
    .slice(3)
    .replace(/__|_([0-9a-fA-F]+)_/g, (_, code?: string) =>
      code === undefined ? "_" : String.fromCodePoint(Number.parseInt(code, 16)),
    );
}

function matchers(given: Parameters): Matcher[][] {
  return matchTexts(given).map((text) => {
    const expr = parsing("match[]", () => parsePromql(text));
    if (expr.kind !== "selector") throw invalidParameter("match[]", "a series selector is expected");
    return expr.matchers;
  });
}

function rangeOf(given: Parameters, clock: Clock): TimeRange {
  const start = timeOf(given, "start", 0);
  const end = timeOf(given, "end", clock.now());
  if (end < start) throw invalidParameter("end", "end timestamp must not be before start timestamp");
  return { start, end };
}
