import type { Labels } from "@havn/model";
import { labelsKey } from "@havn/model";
import { type Column, emptyColumn, omitLabels } from "../evaluate/columns.ts";
import { type Bucket, bucketQuantile } from "./buckets.ts";
import { defineFunction } from "./define.ts";

interface Histogram {
  labels: Labels;
  /** Upper bounds beside the series that count up to them. */
  buckets: { bound: number; column: Column }[];
}

/** Classic histograms: series with a label `le`. */
export default defineFunction({
  kind: "vector",
  name: "histogram_quantile",
  parameters: ["scalar", "vector"],
  returns: "vector",
  async evaluate(call) {
    const quantiles = await call.scalar(0);
    for (const q of quantiles)
      if (!(q >= 0 && q <= 1))
        call.warn(`quantile value should be between 0 and 1, got ${formatValue(q)}`, 0);
    const histograms = groupBuckets(await call.vector(1), (column) =>
      call.warn(
        `bucket label "le" is missing or has a malformed value of ${JSON.stringify(column.labels.le ?? "")}${ofMetric(column.labels)}`,
        1,
      ),
    );
    return histograms.map((histogram) => {
      const result = emptyColumn(call.grid, histogram.labels, true);
      for (let i = 0; i < call.grid.count; i++) {
        const buckets: Bucket[] = [];
        for (const { bound, column } of histogram.buckets)
          if (column.present[i]) buckets.push({ bound, count: column.values[i] ?? 0 });
        if (buckets.length === 0) continue;
        const { value, repaired } = bucketQuantile(quantiles[i] ?? Number.NaN, buckets);
        if (repaired)
          call.inform(
            `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${ofMetric(histogram.labels)}`,
            1,
          );
        result.values[i] = value;
        result.present[i] = 1;
      }
      return result;
    });
  },
});

const ofMetric = (labels: Labels) =>
  labels.__name__ ? ` for metric name ${JSON.stringify(labels.__name__)}` : "";
const formatValue = (value: number) =>
  value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);

const bucketLabel = new Set(["le"]);

function groupBuckets(columns: readonly Column[], malformed: (column: Column) => void): Histogram[] {
  const histograms = new Map<string, Histogram>();
  for (const column of columns) {
    const bound = parseBound(column.labels.le);
    if (bound === undefined) {
      malformed(column);
      continue;
    }
    const labels = omitLabels(column.labels, bucketLabel);
    const key = labelsKey(labels);
    const histogram = histograms.get(key) ?? { labels, buckets: [] };
    histogram.buckets.push({ bound, column });
    histograms.set(key, histogram);
  }
  return [...histograms.values()];
}

function parseBound(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
  const bound = Number(text);
  return Number.isNaN(bound) ? undefined : bound;
}
