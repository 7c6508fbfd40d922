import type { ClickHouse } from "@havn/clickhouse";
import { defineRoute, type Route } from "@havn/http";
import { type Clock, HavnError } from "@havn/model";
import { type Matcher, PromqlError, parsePromql } from "@havn/promql";
import { z } from "zod";
import { readCardinality } from "./cardinality.ts";
import { type DeleteOptions, deleteSeries, previewDeletion } from "./delete.ts";

const texts = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((given) => (given === undefined ? [] : [given].flat()));
const time = z.string().optional();
const count = z.number();
const names = z.array(z.object({ value: z.string(), series: count }));
const day = 86_400_000;

/** What the store holds too much of, and how it gets rid of it. */
export function adminRoutes({ clickhouse, clock, ...rest }: DeleteOptions & { clock: Clock }): Route[] {
  const options: DeleteOptions = { clickhouse, ...rest };
  return [cardinalityRoute(clickhouse, clock), deleteRoute(options), ...prometheusDelete(options, clock)];
}

const cardinalityRoute = (clickhouse: ClickHouse, clock: Clock): Route =>
  defineRoute({
    method: "GET",
    path: "/api/v1/metrics/cardinality",
    summary: "How many series there are: by name, label, target and deploy",
    access: { action: "metric:read" },
    query: z.strictObject({
      match: texts.describe("PromQL selectors; all series where there are none"),
      days: z.coerce
        .number()
        .int()
        .min(1)
        .max(3650)
        .default(1)
        .describe("series with samples on so many days"),
      limit: z.coerce.number().int().min(1).max(1000).default(10),
    }),
    response: z.object({
      series: count,
      names,
      labels: z.array(z.object({ value: z.string(), values: count, series: count })),
      targets: z.array(
        z.object({ environment: z.string(), job: z.string(), instance: z.string(), series: count }),
      ),
      releases: z.array(
        z.object({ environment: z.string(), service: z.string(), release: z.string(), series: count }),
      ),
    }),
    handle: ({ query: { match, days, limit }, signal }) => {
      const range = { start: clock.now() - (days - 1) * day, end: clock.now() + day };
      return readCardinality(clickhouse, { sets: selectorsOf(match), range, limit, signal });
    },
  });

const deleteRoute = (options: DeleteOptions): Route =>
  defineRoute({
    method: "POST",
    path: "/api/v1/metrics/delete",
    summary: "Delete samples of the series that match; or, as a preview, count them",
    access: { action: "metric:delete" },
    body: z.strictObject({
      match: z.array(z.string()).min(1),
      from: z
        .number()
        .int()
        .optional()
        .describe("milliseconds since the epoch; unset: from the first sample"),
      until: z.number().int().optional(),
      preview: z.boolean().default(false),
    }),
    response: z.object({ series: count, samples: count, histograms: count, names }),
    handle: ({ body: { match, from, until, preview }, signal }) => {
      const isWhole = from === undefined && until === undefined;
      const range = isWhole ? undefined : { start: from ?? 0, end: until ?? 2 ** 42 };
      const deletion = { sets: selectorsOf(match), range, signal };
      return preview ? previewDeletion(options, deletion) : deleteSeries(options, deletion);
    },
  });

/** The same as Prometheus' admin API has it. */
const prometheusDelete = (options: DeleteOptions, clock: Clock): Route[] =>
  (["POST", "PUT"] as const).map((method) =>
    defineRoute({
      method,
      path: "/prometheus/api/v1/admin/tsdb/delete_series",
      summary: "Delete samples of series, in Prometheus' form",
      access: { action: "metric:delete" },
      consumes: "form",
      query: z.object({ "match[]": texts, start: time, end: time }),
      body: z.object({ "match[]": texts, start: time, end: time }).optional(),
      response: z.unknown(),
      status: 204,
      onError: ({ status, message }) => ({
        status,
        body: { status: "error", errorType: status === 400 ? "bad_data" : "internal", error: message },
      }),
      handle: async ({ query, body, signal }) => {
        const match = [...query["match[]"], ...(body?.["match[]"] ?? [])];
        const [start, end] = [body?.start ?? query.start, body?.end ?? query.end];
        if (match.length === 0) throw new HavnError("no match[] parameter provided", { status: 400 });
        const isWhole = start === undefined && end === undefined;
        const range = isWhole ? undefined : { start: timeOf(start, 0), end: timeOf(end, clock.now()) };
        await deleteSeries(options, { sets: selectorsOf(match), range, signal });
      },
    }),
  );

function timeOf(text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const at = Number.isNaN(Number(text)) ? Date.parse(text) : Number(text) * 1000;
  if (Number.isFinite(at)) return at;
  throw new HavnError(`cannot parse ${JSON.stringify(text)} to a valid timestamp`, { status: 400 });
}

function selectorsOf(given: readonly string[]): Matcher[][] {
  return given.map((text) => {
    try {
      const expr = parsePromql(text);
      if (expr.kind === "selector") return [...expr.matchers];
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      throw new HavnError(`The selector cannot be read: ${error.message}`, { status: 400 });
    }
    throw new HavnError(`${text.slice(0, 100)} is no series selector`, {
      status: 400,
      detail: 'Write for example http_requests_total{job="shop"}.',
    });
  });
}
