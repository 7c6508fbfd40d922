import { type Labels, labelsKey, parseDuration } from "@havn/model";
import type { Rule } from "@havn/prometheus";
import { type Expr, parsePromql, type RangeResult, restrict } from "@havn/promql";
import { recordedLabels } from "./group.ts";
import type { Series, TimedSample } from "./series.ts";
import type { DeclaredGroup } from "./store.ts";

export interface BackfillOptions {
  queryRange(
    expr: Expr,
    window: { startMs: number; endMs: number; stepMs: number },
    signal: AbortSignal,
  ): Promise<RangeResult>;
  series: Series;
}

/** Points that one query may give a series. */
const mostSteps = 5_000;

/**
 * Evaluates a group's recording rules over history, at the times of its interval, and writes what they give. What was
 * written before is written again: the same in the same places. Gives how many samples there are.
 */
export async function backfillGroup(
  { environment, properties }: DeclaredGroup,
  {
    from,
    until,
    signal,
    only,
  }: { from: number; until: number; signal: AbortSignal; only?: string | undefined },
  options: BackfillOptions,
): Promise<{ rules: number; samples: number }> {
  const stepMs = parseDuration(properties.interval);
  const first = Math.ceil(from / stepMs) * stepMs;
  const done = { rules: 0, samples: 0 };
  for (const rule of properties.rules) {
    const { record } = rule;
    if (record === undefined || (only !== undefined && record !== only)) continue;
    const expr = restrict(parsePromql(rule.expr), { name: "env", operator: "=", value: environment });
    for (let start = first; start <= until; start += mostSteps * stepMs) {
      signal.throwIfAborted();
      const end = Math.min(until, start + (mostSteps - 1) * stepMs);
      // One step before shows which series end with the first.
      const result = await options.queryRange(expr, { startMs: start - stepMs, endMs: end, stepMs }, signal);
      const samples = samplesOf(result, { rule, record, start, end, stepMs });
      if (samples.length > 0) await options.series.write(environment, samples);
      done.samples += samples.length;
    }
    done.rules++;
    // The rules behind it may read it.
    await options.series.flush();
  }
  return done;
}

interface Window {
  rule: Rule;
  record: string;
  start: number;
  end: number;
  stepMs: number;
}

function samplesOf({ matrix }: RangeResult, { rule, record, start, end, stepMs }: Window): TimedSample[] {
  const samples: TimedSample[] = [];
  const seen = new Set<string>();
  for (const { labels: own, timestamps, values, histograms = [] } of matrix) {
    const labels: Labels = recordedLabels(own, { rule, record });
    const key = labelsKey(labels);
    if (seen.has(key))
      throw new Error("vector contains metrics with the same labelset after applying rule labels");
    seen.add(key);
    const at = new Set<number>();
    const add = (time: number, value: TimedSample["value"]) => {
      at.add(time);
      if (time >= start) samples.push({ labels, time, value });
    };
    for (const [index, time] of timestamps.entries()) add(time, values[index] ?? Number.NaN);
    for (const { timestamp, histogram } of histograms) add(timestamp, histogram);
    for (const time of at)
      if (!at.has(time + stepMs) && time + stepMs <= end)
        samples.push({ labels, time: time + stepMs, value: "stale" });
  }
  return samples;
}
