import { formatValue } from "../format.ts";
import { histogramQuantile } from "../histogram/quantile.ts";
import { madeMonotonic, nanQuantile } from "../notes.ts";
import { bucketQuantile, type Repair } from "./buckets.ts";
import { type HistogramSeries, histogramAt, metricOf } from "./classic.ts";
import type { CallContext } from "./define.ts";

/** Tells of quantiles that are none; the index is that of the argument which they come from. */
export function checkQuantiles(call: CallContext, quantiles: Float64Array, index: number): void {
  for (const q of quantiles)
    if (!(q >= 0 && q <= 1))
      call.warn(`quantile value should be between 0 and 1, got ${formatValue(q)}`, index);
}

/** The quantile of a histogram of either kind at moment i; `index` is the argument that the histograms come from. */
export function quantileOf(
  q: number,
  { series, i }: { series: HistogramSeries; i: number },
  { call, index, repairs }: { call: CallContext; index: number; repairs: Repairs },
): number | undefined {
  const histogram = histogramAt(series, i, { call, index });
  if (!histogram) return undefined;
  const metric = metricOf(series.labels);
  if (Array.isArray(histogram)) {
    const { value, repair } = bucketQuantile(q, histogram);
    if (repair) {
      const all = repairs.add(metric, repair, call.grid.start + i * call.grid.step);
      call.inform(madeMonotonic(metric), index, () => all.text);
    }
    return value;
  }
  const { value, nan } = histogramQuantile(q, histogram);
  if (nan) call.inform(nanQuantile(nan, metric), index);
  return value;
}

/** What was repaired in the buckets of each metric, over all moments and series. */
export class Repairs {
  readonly #byMetric = new Map<string, RepairSummary>();

  add(metric: string, repair: Repair, at: number): RepairSummary {
    const summary = this.#byMetric.get(metric) ?? new RepairSummary();
    this.#byMetric.set(metric, summary);
    summary.add(repair, at);
    return summary;
  }
}

class RepairSummary {
  #least = Number.POSITIVE_INFINITY;
  #greatest = Number.NEGATIVE_INFINITY;
  #fall = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #samples = 0;

  add({ least, greatest, fall }: Repair, at: number): void {
    this.#least = Math.min(this.#least, least);
    this.#greatest = Math.max(this.#greatest, greatest);
    this.#fall = Math.max(this.#fall, fall);
    this.#first = Math.min(this.#first, at);
    this.#last = Math.max(this.#last, at);
    this.#samples++;
  }

  get text(): string {
    const time = (milliseconds: number) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
    const fall = formatValue(Number(this.#fall.toPrecision(2)));
    return `, from buckets ${formatValue(this.#least)} to ${formatValue(this.#greatest)}, with a max diff of ${fall}, over ${this.#samples} samples from ${time(this.#first)} to ${time(this.#last)}`;
  }
}
