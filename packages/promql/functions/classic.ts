import { type Labels, labelsKey } from "@havn/model";
import { type Column, omitLabels } from "../evaluate/columns.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { badBucketLabel, mixedClassicAndNative } from "../notes.ts";
import type { Bucket } from "./buckets.ts";
import type { CallContext } from "./define.ts";

/** The histograms of one label set: a classic one (series with a label `le`), native ones, or by mistake both. */
export interface HistogramSeries {
  labels: Labels;
  /** Upper bounds beside the series that count up to them. */
  buckets: { bound: number; column: Column }[];
  native: Column | undefined;
}

const bucketLabel = new Set(["le"]);
export const metricOf = (labels: Labels): string => labels.__name__ ?? "";

/** Puts the series of argument `index` together; what has no bound and is no native histogram is told and left out. */
export async function histogramsOf(call: CallContext, index: number): Promise<HistogramSeries[]> {
  const found = new Map<string, HistogramSeries>();
  const seriesOf = (labels: Labels, kind: "classic" | "native"): HistogramSeries => {
    // Of a native histogram, `le` is a label like any other: it is a series of its own.
    const key = kind === "native" && labels.le ? `native ${labelsKey(labels)}` : labelsKey(labels);
    const series = found.get(key) ?? { labels, buckets: [], native: undefined };
    found.set(key, series);
    return series;
  };
  for (const column of await call.vector(index)) {
    if (column.histograms?.some((histogram, i) => histogram && column.present[i]))
      seriesOf(column.labels, "native").native = column;
    if (!hasNumbers(column)) continue;
    const { labels } = column;
    const bound = parseBound(labels.le);
    if (bound === undefined) call.warn(badBucketLabel(metricOf(labels), labels.le ?? ""), index);
    else seriesOf(omitLabels(labels, bucketLabel), "classic").buckets.push({ bound, column });
  }
  return [...found.values()];
}

const hasNumbers = ({ present, histograms }: Column): boolean =>
  histograms ? present.some((there, i) => there === 1 && !histograms[i]) : present.includes(1);

/** What the series is at one moment; undefined where it is nothing, or both, which is told. */
export function histogramAt(
  series: HistogramSeries,
  i: number,
  { call, index }: { call: CallContext; index: number },
): Histogram | Bucket[] | undefined {
  const native = series.native?.present[i] ? series.native.histograms?.[i] : undefined;
  const buckets: Bucket[] = [];
  for (const { bound, column } of series.buckets)
    if (column.present[i] && !column.histograms?.[i]) buckets.push({ bound, count: column.values[i] ?? 0 });
  if (native && buckets.length > 0) {
    call.warn(mixedClassicAndNative(metricOf(series.labels)), index);
    return undefined;
  }
  return native ?? (buckets.length > 0 ? buckets : undefined);
}

function parseBound(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
  const bound = Number(text);
  return Number.isNaN(bound) ? undefined : bound;
}
