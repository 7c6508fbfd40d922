import { type FuzzTarget, fuzzTests } from "@havn/testkit";
import { createPromqlEngine } from "./engine.ts";
import { PromqlError } from "./errors.ts";
import { parseMetricsql } from "./parser/metricsql/parse.ts";
import { parsePromql } from "./parser/parse.ts";
import { generateDataset, generateQuery } from "./testing/differential/index.ts";
import { memoryQuerier } from "./testing/index.ts";

const dataset = generateDataset(1);
const querier = memoryQuerier();
for (const series of dataset.series.filter((_, i) => i % 6 === 0)) querier.addSeries(series);
const engine = createPromqlEngine({ querier, maxSamples: 20_000 });
const { startMs, endMs } = dataset;
const isTyped = (error: unknown) => error instanceof PromqlError;

const targets: FuzzTarget[] = [
  {
    name: "parse",
    run: (bytes) => parsePromql(Buffer.from(bytes).toString("utf8")),
    ...{ isTyped, seeds: queries(60, 0), words: words() },
  },
  {
    name: "metricsql",
    run: (bytes) => parseMetricsql(Buffer.from(bytes).toString("utf8")),
    isTyped,
    seeds: [
      'WITH (c = {job="a"}, f(x, y) = x{c} / y, l = (a, b)) sum(f(m, rate(n{c, d="e"}[5m]))) by (l)',
      "with (a = 1) WITH (b(c) = c + a) b(2) # d",
    ],
    words: ["WITH (", "with (x = ", "a = b", ", ", "{x}", "x{", "f(x) = ", "f(", ") ", " by (x)", ...words()],
  },
  {
    name: "evaluate",
    async run(bytes) {
      const text = Buffer.from(bytes).toString("utf8");
      await engine.instant(text, endMs - 500);
      await engine.range(text, { startMs, endMs, stepMs: 600_000 }).catch((error: unknown) => {
        // Some may stand at one moment only, and others need more samples than are allowed here.
        if (!isTyped(error)) throw error;
      });
    },
    ...{ isTyped, seeds: queries(60, 1_000), words: words() },
  },
];

fuzzTests(new URL("./corpus/", import.meta.url), targets);

function queries(count: number, from: number): string[] {
  return Array.from({ length: count }, (_, i) => generateQuery(dataset, 7, from + i).text);
}

function words(): string[] {
  return [
    ...[
      "sum",
      "topk",
      "rate",
      "info",
      "histogram_quantile",
      "label_replace",
      "limit_ratio",
      "count_values",
      "end",
    ],
    ...[
      "[5m]",
      "[5m:]",
      "[step()]",
      " offset -1m",
      " @ end()",
      " by (a)",
      " without ()",
      " on () group_left (a) ",
    ],
    ...[
      "fill_left(0)",
      " anchored",
      " smoothed",
      " bool ",
      " and ",
      '{a=~"x.*"}',
      '{"a.b"}',
      "'",
      "\\x",
      "\\u12",
      "`",
    ],
    ...[
      "-",
      "^",
      "atan2",
      "1e999",
      "0x",
      "1h30m",
      "NaN",
      "Inf",
      "#",
      "(",
      ")",
      "</",
      ">/",
      "max_of(",
      "range()",
    ],
  ];
}
