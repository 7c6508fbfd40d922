import { type Labels, labelsKey } from "@havn/model";
import { combine } from "../histogram/arithmetic.ts";
import {
  compact,
  customSchema,
  emptyHistogram,
  type Histogram,
  noBuckets,
  type ResetHint,
  sameBounds,
} from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { findNumber } from "../parser/literals.ts";

const hints = new Set<string>(["unknown", "reset", "not_reset", "gauge"] satisfies ResetHint[]);

/** `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`, as the scripts write histograms. */
export function parseHistogram(text: string): Histogram {
  const fields = new Map<string, string>();
  for (const [, name = "", list, word] of text.slice(2, -2).matchAll(/(\w+):(?:\[([^\]]*)\]|(\S+))/g))
    fields.set(name, list ?? word ?? "");
  const number = (name: string) => findNumber(fields.get(name) ?? "0") ?? Number.NaN;
  const numbers = (name: string) =>
    (fields.get(name) ?? "")
      .split(/\s+/)
      .flatMap((word) => (word === "" ? [] : [findNumber(word) ?? Number.NaN]));
  const buckets = (name: string, offset: string) => {
    const counts = numbers(name);
    return compact(
      counts.map((_, i) => number(offset) + i),
      counts,
    );
  };
  const hint = fields.get("counter_reset_hint") ?? "unknown";
  if (!hints.has(hint)) throw new TypeError(`cannot read counter_reset_hint: ${hint}`);
  return {
    schema: number("schema"),
    count: number("count"),
    sum: number("sum"),
    zeroThreshold: number("z_bucket_w"),
    zeroCount: number("z_bucket"),
    hint: hint as ResetHint,
    positive: buckets("buckets", "offset"),
    negative: buckets("n_buckets", "n_offset"),
    customBounds: numbers("custom_values"),
  };
}

/** `{{…}}`, `{{…}}x3`, `{{…}}+{{…}}x3`. */
export function expandHistograms(token: string): Histogram[] {
  const match = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/.exec(token);
  if (!match) throw new TypeError(`cannot read histogram: ${token}`);
  const [, first = "", sign, step, count = "0"] = match;
  const added = step === undefined ? undefined : parseHistogram(step);
  const all = [parseHistogram(first)];
  for (let i = 0; i < Number(count); i++) {
    const last = all.at(-1) ?? emptyHistogram();
    const next = added ? combine(last, added, sign === "-" ? -1 : 1)?.total : last;
    if (!next) throw new TypeError(`cannot combine histograms: ${token}`);
    all.push(next);
  }
  return all;
}

/**
 * Hints as Prometheus' store gives them: samples lie in chunks, and of the first one in a chunk it says nothing. A new
 * chunk begins where the counter was reset or the histogram is of another form.
 */
export function hintsAsStored(
  samples: readonly (Histogram | number | "stale" | undefined)[],
): (Histogram | number | "stale" | undefined)[] {
  let previous: Histogram | undefined;
  return samples.map((sample) => {
    if (sample === undefined) return undefined;
    if (typeof sample !== "object") {
      previous = undefined;
      return sample;
    }
    const continues = previous !== undefined && inOneChunk(previous, sample);
    previous = sample;
    if (sample.hint === "gauge") return sample;
    return { ...sample, hint: continues ? ("not_reset" as const) : ("unknown" as const) };
  });
}

function inOneChunk(previous: Histogram, sample: Histogram): boolean {
  if (previous.hint === "gauge" || sample.hint === "gauge" || sample.hint === "reset") return false;
  return (
    previous.schema === sample.schema &&
    previous.zeroThreshold === sample.zeroThreshold &&
    sameBounds(previous.customBounds, sample.customBounds) &&
    !isReset({ ...sample, hint: "unknown" }, previous)
  );
}

interface ClassicSeries {
  labels: Labels;
  values: readonly (Histogram | number | "stale" | undefined)[];
}

/** Series `…_bucket`, `…_count` and `…_sum` as native histograms with custom buckets beside them. */
export function asCustomHistograms(series: readonly ClassicSeries[]): ClassicSeries[] {
  const found = new Map<string, { labels: Labels; parts: ClassicSeries[] }>();
  for (const each of series) {
    const name = /^(.*)_(?:bucket|sum|count)$/.exec(each.labels.__name__ ?? "")?.[1];
    if (name === undefined) continue;
    const { le: _, ...rest } = each.labels;
    const labels = { ...rest, __name__: name };
    const entry = found.get(labelsKey(labels)) ?? { labels, parts: [] as ClassicSeries[] };
    entry.parts.push(each);
    found.set(labelsKey(labels), entry);
  }
  return [...found.values()].map(({ labels, parts }) => {
    const length = Math.max(...parts.map(({ values }) => values.length));
    return { labels, values: Array.from({ length }, (_, i) => customHistogramAt(parts, i)) };
  });
}

function customHistogramAt(parts: readonly ClassicSeries[], i: number): Histogram | undefined {
  const buckets: { bound: number; upTo: number }[] = [];
  let [count, sum]: [number | undefined, number] = [undefined, 0];
  let any = false;
  for (const { labels, values } of parts) {
    const value = values[i];
    if (typeof value !== "number") continue;
    const name = labels.__name__ ?? "";
    if (name.endsWith("_sum")) sum = value;
    else if (name.endsWith("_count")) count = value;
    else {
      const bound =
        labels.le === "+Inf" ? Number.POSITIVE_INFINITY : (findNumber(labels.le ?? "") ?? Number.NaN);
      if (Number.isNaN(bound)) continue;
      if (!buckets.some((bucket) => bucket.bound === bound)) buckets.push({ bound, upTo: value });
    }
    any = true;
  }
  if (!any) return undefined;
  buckets.sort((a, b) => a.bound - b.bound);
  const total = count ?? buckets.at(-1)?.upTo ?? 0;
  if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY)
    buckets.push({ bound: Number.POSITIVE_INFINITY, upTo: total });
  return {
    ...emptyHistogram(customSchema),
    count: total,
    sum,
    positive: compact(
      buckets.map((_, index) => index),
      buckets.map(({ upTo }, index) => upTo - (buckets[index - 1]?.upTo ?? 0)),
    ),
    negative: noBuckets,
    customBounds: buckets.slice(0, -1).map(({ bound }) => bound),
  };
}

/** The same to within a millionth of each number; hints only where the script gives one. */
export function histogramsMatch(
  wanted: Histogram,
  actual: Histogram,
  how: { hint: boolean; equal: (a: number, b: number) => boolean },
): boolean {
  const { equal } = how;
  const sides = (["positive", "negative"] as const).every((side) => {
    const [a, b] = [wanted[side], actual[side]];
    return (
      a.indexes.length === b.indexes.length &&
      a.indexes.every((index, i) => index === b.indexes[i] && equal(a.counts[i] ?? 0, b.counts[i] ?? 0))
    );
  });
  return (
    sides &&
    wanted.schema === actual.schema &&
    equal(wanted.count, actual.count) &&
    equal(wanted.sum, actual.sum) &&
    wanted.zeroThreshold === actual.zeroThreshold &&
    equal(wanted.zeroCount, actual.zeroCount) &&
    sameBounds(wanted.customBounds, actual.customBounds) &&
    (!how.hint || wanted.hint === actual.hint)
  );
}
