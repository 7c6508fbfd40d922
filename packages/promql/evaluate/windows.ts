import type { RichWindowFunction, Window, WindowFunction } from "../functions/define.ts";
import { ignoredInRange, type Notes } from "../notes.ts";
import { type Column, type Grid, pickSamples, type Samples, setValue } from "./columns.ts";
import type { RangeVector } from "./select.ts";

interface Slide {
  vector: Pick<RangeVector, "reference" | "rangeMs" | "behindMs" | "aheadMs">;
  samples: Samples;
  column: Column;
  scalars: Float64Array[];
  grid: Grid;
}

/** Moves the window over the series; both its ends only go forward. */
export function slide(how: Slide, apply: WindowFunction): boolean {
  const { column } = how;
  let any = false;
  const given = new Array<number>(how.scalars.length);
  eachWindow(how, (window, i) => {
    for (let s = 0; s < given.length; s++) given[s] = how.scalars[s]?.[i] ?? 0;
    const value = apply(window, given);
    if (value === undefined) return;
    column.values[i] = value;
    column.present[i] = 1;
    any = true;
  });
  return any;
}

/** The same where histograms come in or out. */
export function slideRich(how: Slide, apply: RichWindowFunction): boolean {
  let any = false;
  const given = new Array<number>(how.scalars.length);
  eachWindow(how, (window, i) => {
    for (let s = 0; s < given.length; s++) given[s] = how.scalars[s]?.[i] ?? 0;
    const value = apply(window, given);
    if (value === undefined) return;
    setValue(how.column, i, value);
    any = true;
  });
  return any;
}

function eachWindow({ vector, samples, grid }: Slide, visit: (window: Window, step: number) => void): void {
  const { timestamps } = samples;
  const { base, stride } = vector.reference;
  const window: Window = { from: 0, to: 0, start: 0, end: 0, at: 0 };
  for (let i = 0; i < grid.count; i++) {
    window.end = base + i * stride;
    window.start = window.end - vector.rangeMs;
    window.at = grid.start + i * grid.step;
    const [first, last] = [window.start - vector.behindMs, window.end + vector.aheadMs];
    while (window.to < timestamps.length && (timestamps[window.to] ?? 0) <= last) window.to++;
    while (window.from < window.to && (timestamps[window.from] ?? 0) <= first) window.from++;
    if (window.from < window.to) visit(window, i);
  }
}

/** The numbers among a series' samples, and where a window over all samples lies among them. */
export function floatsAmong(samples: Samples): { floats: Samples; within: (window: Window) => Window } {
  const { histograms, ...numbers } = samples;
  if (!histograms) return { floats: samples, within: (window) => window };
  const before = new Int32Array(histograms.length + 1);
  for (let i = 0; i < histograms.length; i++) before[i + 1] = (before[i] ?? 0) + (histograms[i] ? 0 : 1);
  const floats = pickSamples(numbers, before.at(-1) ?? 0, (i) => !histograms[i]);
  return {
    floats,
    within: (window) => ({ ...window, from: before[window.from] ?? 0, to: before[window.to] ?? 0 }),
  };
}

/** A function of numbers over a series that has histograms too: they are left out, which is told. */
export function floatsOnly(
  samples: Samples,
  open: (samples: Samples) => WindowFunction,
  notes: Notes,
): RichWindowFunction {
  const { floats, within } = floatsAmong(samples);
  const apply = open(floats);
  return (window, scalars) => {
    const inner = within(window);
    if (inner.from === inner.to) return undefined;
    if (inner.to - inner.from < window.to - window.from) notes.inform(ignoredInRange(notes.metric));
    return apply(inner, scalars);
  };
}
