import type { Api } from "../kit/api.ts";
import type { Answer, AnswerSeries, Labels, TierUse } from "./answer.ts";
import type { ExemplarPoint } from "./plot-options.ts";
import type { Window } from "./window.ts";

interface Body {
  data: {
    resultType: Answer["type"];
    result: AnswerSeries[] | [number, string];
  };
  warnings?: string[];
  infos?: string[];
  tiers?: TierUse[];
}

export interface Ask {
  expr: string;
  /** A range of moments, or one moment in seconds. */
  at: Window | number;
}

export const mostSeries = 2_000;

/** Asks a query. Throws an ApiError in the server's words; aborting `signal` stops it on the server too. */
export async function ask(api: Api, { expr, at }: Ask, signal: AbortSignal): Promise<Answer> {
  const began = performance.now();
  const form = {
    query: expr,
    limit: mostSeries,
    ...(typeof at === "number" ? { time: at } : { start: at.start, end: at.end, step: at.step }),
  };
  const body = await api.prometheus<Body>(typeof at === "number" ? "query" : "query_range", form, signal);
  const { resultType, result } = body.data;
  const series: AnswerSeries[] =
    resultType === "scalar" || resultType === "string"
      ? [{ metric: {}, value: result as [number, string] }]
      : (result as AnswerSeries[]);
  return {
    ...{ type: resultType, series },
    warnings: body.warnings ?? [],
    infos: body.infos ?? [],
    tiers: body.tiers ?? [],
    tookMs: performance.now() - began,
  };
}

interface ExemplarSeries {
  seriesLabels: Labels;
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}

/** Exemplars of the series that the query reads; at most 500, spread over the range. */
export async function askExemplars(
  api: Api,
  { expr, window }: { expr: string; window: Window },
  signal: AbortSignal,
): Promise<ExemplarPoint[]> {
  const form = { query: expr, start: window.start, end: window.end };
  const body = await api.prometheus<{ data: ExemplarSeries[] }>("query_exemplars", form, signal);
  const points = body.data.flatMap(({ seriesLabels: { __name__, ...series }, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({
      at: timestamp,
      value: Number(value),
      labels: { ...labels, ...series },
    })),
  );
  const every = Math.ceil(points.length / 500);
  return points.filter((_, at) => at % every === 0);
}
