import type { Samples } from "../evaluate/columns.ts";
import type { Window, WindowFunction } from "./define.ts";

/** Indexes i where a counter began anew: values[i] < values[i - 1]. */
function findResets(values: Float64Array): Int32Array {
  const resets: number[] = [];
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) < (values[i - 1] ?? 0)) resets.push(i);
  return Int32Array.from(resets);
}

/**
 * `rate`, `increase` and `delta`: the difference of last and first sample, with what resets took away, stretched to
 * the window's edges where samples come close to them (Prometheus' extrapolatedRate).
 */
export function extrapolate(samples: Samples, how: { counter: boolean; perSecond: boolean }): WindowFunction {
  const { timestamps, values } = samples;
  const resets = how.counter ? findResets(values) : new Int32Array(0);
  // Windows only move forward unless the range is held by @, so the resets are passed once.
  let firstReset = 0;
  return (window) => {
    const { from, to } = window;
    if (to - from < 2) return undefined;
    if (firstReset > 0 && (resets[firstReset - 1] ?? 0) > from) firstReset = 0;
    while (firstReset < resets.length && (resets[firstReset] ?? 0) <= from) firstReset++;
    const first = values[from] ?? 0;
    let change = (values[to - 1] ?? 0) - first;
    for (let r = firstReset; r < resets.length; r++) {
      const index = resets[r] ?? 0;
      if (index >= to) break;
      change += values[index - 1] ?? 0;
    }
    return change * stretch(timestamps, window, { first, change, counter: how.counter }, how.perSecond);
  };
}

function stretch(
  timestamps: Float64Array,
  window: Window,
  seen: { first: number; change: number; counter: boolean },
  perSecond: boolean,
): number {
  const firstTime = timestamps[window.from] ?? 0;
  const lastTime = timestamps[window.to - 1] ?? 0;
  const sampled = (lastTime - firstTime) / 1000;
  const mean = sampled / (window.to - window.from - 1);
  const threshold = mean * 1.1;
  let toStart = (firstTime - window.start) / 1000;
  if (toStart >= threshold) toStart = mean / 2;
  // A counter cannot have been below zero: it does not reach further back than where it would meet zero.
  if (seen.counter && seen.change > 0 && seen.first >= 0)
    toStart = Math.min(toStart, sampled * (seen.first / seen.change));
  let toEnd = (window.end - lastTime) / 1000;
  if (toEnd >= threshold) toEnd = mean / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return perSecond ? factor / ((window.end - window.start) / 1000) : factor;
}
