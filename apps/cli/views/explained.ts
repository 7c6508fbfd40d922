import type { ExplainedAnswer, ExplainedPart } from "../api/schemas.ts";
import { printable, type Style } from "../kit/style.ts";
import { standsOn } from "./query.ts";
import { bytes, count } from "./words.ts";

/** Which part of a query ran where, from the result down to the selectors, and what it took. */
export function explainedView({ data: { explain }, tiers }: ExplainedAnswer, style: Style): string {
  const { waited, read, evaluated } = explain.timings;
  const times = `${milliseconds(waited)} waiting for its turn, ${milliseconds(read)} reading, ${milliseconds(evaluated)} evaluating`;
  const stands = standsOn(tiers);
  const lines = linesOf(explain.plan, style, { first: "", rest: "" });
  return [...lines, "", ...(stands ? [style.dim(stands)] : []), style.dim(times)].join("\n");
}

function linesOf(part: ExplainedPart, style: Style, lead: { first: string; rest: string }): string[] {
  const { inner = [] } = part;
  const below = inner.length > 0 ? "│ " : "  ";
  return [
    lead.first + style.bold(printable(part.expression)),
    ...detailsOf(part).map((detail) => `${lead.rest}${below}${style.dim(detail)}`),
    ...inner.flatMap((each, at) => {
      const isLast = at === inner.length - 1;
      return linesOf(each, style, {
        first: `${lead.rest}${isLast ? "└ " : "├ "}`,
        rest: `${lead.rest}${isLast ? "  " : "│ "}`,
      });
    }),
  ];
}

const places: Record<ExplainedPart["where"], string> = {
  evaluator: "evaluator",
  memory: "memory",
  store: "ClickHouse",
  "memory and store": "memory and ClickHouse",
};

function detailsOf({ where, how, series, tiers, samples, buckets, reads }: ExplainedPart): string[] {
  const came = [
    ...(series === undefined ? [] : [`${series.toLocaleString("en")} series`]),
    ...(samples === undefined ? [] : [count(samples, "sample")]),
    ...(buckets === undefined ? [] : [count(buckets, "bucket")]),
    ...(tiers?.length ? [`tier ${tiers.join(", ")}`] : []),
  ];
  const head = [`${places[where]}: ${how}`, ...came].join("; ");
  if (!reads) return [head];
  const { index, memory, store } = reads;
  return [
    head,
    `series ${index.searched > 0 ? "looked for in ClickHouse" : "remembered"}`,
    ...(memory.samples > 0 ? [`memory: ${count(memory.samples, "sample")} in ${bytes(memory.bytes)}`] : []),
    ...(store.queries > 0
      ? [
          `ClickHouse: ${count(store.samples, "sample")} in ${bytes(store.bytes)}, ${store.queries} ${store.queries === 1 ? "query" : "queries"}, ${milliseconds(store.milliseconds)}`,
        ]
      : []),
  ];
}

const milliseconds = (number: number): string => `${number < 10 ? number.toFixed(1) : number.toFixed(0)} ms`;
