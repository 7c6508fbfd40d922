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
  const { column, scalars } = how;
  const window: Window = { from: 0, to: 0, start: 0, end: 0, at: 0 };
  const given = new Array<number>(scalars.length);
  let any = false;
  for (let i = 0; i < column.values.length; i++) {
    if (!moveWindow(window, how, i)) continue;
    for (let s = 0; s < given.length; s++) given[s] = scalars[s]?.[i] ?? 0;
    const value = apply(window, given);
    if (value === undefined) continue;
    column.values[i] = value;
    column.present[i] = 1;
    any = true;
  }
  return any;
}

/** The same where histograms come in or out. */
export function slideRich(how: Slide, apply: RichWindowFunction): boolean {
  const window: Window = { from: 0, to: 0, start: 0, end: 0, at: 0 };
  let any = false;
  for (let i = 0; i < how.grid.count; i++) {
    if (!moveWindow(window, how, i)) continue;
    const given = how.scalars.map((scalar) => scalar[i] ?? 0);
    const value = apply(window, given);
    if (value === undefined) continue;
    setValue(how.column, i, value);
    any = true;
  }
  return any;
}

/** To step i; false where no sample is in it. */
function moveWindow(window: Window, { vector, samples, grid }: Slide, i: number): boolean {
  const { timestamps } = samples;
  const { base, stride } = vector.reference;
  const end = base + i * stride;
  const start = end - vector.rangeMs;
  window.end = end;
  window.start = start;
  window.at = grid.start + i * grid.step;
  let { from, to } = window;
  while (to < timestamps.length && (timestamps[to] ?? 0) <= end + vector.aheadMs) to++;
  while (from < to && (timestamps[from] ?? 0) <= start - vector.behindMs) from++;
  window.from = from;
  window.to = to;
  return from < to;
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
