import { findDuration, HavnError } from "@havn/model";
import { z } from "zod";
import { connect } from "../../api/connect.ts";
import { explainedAnswer, queryAnswer } from "../../api/schemas.ts";
import { defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { explainedView } from "../../views/explained.ts";
import { queryView } from "../../views/query.ts";

export const command = defineCommand({
  name: "query",
  summary: "ask the metrics in PromQL",
  group: "Look",
  description:
    "An instant query; with --range, a range query that ends now, drawn as a line. Where it is not answered from samples but from what is kept of each 5m or 1h, that stands below it.",
  access: ["metric:read"],
  arguments: [{ name: "PROMQL", description: "an expression, quoted" }],
  options: {
    range: { type: "string", value: "DURATION", description: "from this long ago until now" },
    step: {
      type: "string",
      value: "DURATION",
      description: "between points of --range (a 60th of it where unset)",
    },
    dialect: {
      type: "string",
      value: "DIALECT",
      description:
        "promql (where unset), or metricsql: WITH templates, and rates as VictoriaMetrics has them",
    },
    explain: {
      type: "boolean",
      description: "show which part ran where and what it took, in place of the result",
    },
    json: { type: "boolean", description: "Prometheus' own response, with `tiers`: what it stands on" },
  },
  examples: [
    ["havn query 'rate(http_requests_total[1m])'", "requests a second, now"],
    ["havn query 'sum by (host) (node_memory_MemAvailable_bytes)' --range 1h", "as a line over an hour"],
    ["havn query 'WITH (own = {job=\"shop\"}) rate(up{own}[5m])' --dialect metricsql", "with a template"],
    [
      "havn query 'sum by (job) (rate(http_requests_total[5m]))' --range 1d --explain",
      "why it takes so long",
    ],
    ["havn query up --json | jq '.data.result[].metric'", "for a program"],
  ],
  async run({ arguments: [query], options, globals, io, signal }) {
    if (options.step !== undefined && options.range === undefined)
      throw new UsageError("--step is for range queries", "Add --range, for example --range 1h.");
    const range = options.range === undefined ? undefined : rangeOf(options.range, options.step, io.now());
    const api = await connect(globals, signal);
    const path = `/prometheus/api/v1/${range ? "query_range" : "query"}`;
    const answer = await api.get(path, z.unknown(), {
      query: {
        ...{ query, dialect: options.dialect, ...(range ?? { time: io.now() / 1000 }) },
        ...(options.explain && { explain: "true", stats: "all" }),
      },
      signal,
    });
    if (options.json) {
      io.out(JSON.stringify(answer));
      return undefined;
    }
    if (options.explain) {
      io.out(explainedView(explainedAnswer.parse(answer), io.style));
      return undefined;
    }
    const parsed = queryAnswer.safeParse(answer);
    if (!parsed.success)
      throw new HavnError("The answer is not a Prometheus response", {
        detail: "--json shows it as it came.",
      });
    io.out(queryView(parsed.data, io.style, io.columns));
    return undefined;
  },
});

function rangeOf(
  range: string,
  step: string | undefined,
  now: number,
): { start: number; end: number; step: number } {
  const length = durationOption("--range", range);
  const stepMs = step === undefined ? Math.max(1000, length / 60) : durationOption("--step", step);
  return { start: (now - length) / 1000, end: now / 1000, step: stepMs / 1000 };
}

function durationOption(name: string, text: string): number {
  const milliseconds = findDuration(text);
  if (milliseconds === undefined || milliseconds === 0)
    throw new UsageError(`${name} "${text}" is no duration`, 'Write for example "15s", "5m" or "1h30m".');
  return milliseconds;
}
