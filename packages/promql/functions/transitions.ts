import type { Samples } from "../evaluate/columns.ts";
import type { RangeContext, RichWindowFunction, WindowFunction } from "./define.ts";

/** How many neighbours in each window are as `counts` wants them (it is asked about samples i - 1 and i). */
export function countTransitions(samples: Samples, counts: (i: number) => boolean): WindowFunction {
  const { length } = samples.values;
  // How many there are up to each sample: a window asks for the difference.
  const upTo = new Int32Array(length);
  for (let i = 1; i < length; i++) upTo[i] = (upTo[i - 1] ?? 0) + (counts(i) ? 1 : 0);
  return ({ from, to }) => (upTo[to - 1] ?? 0) - (upTo[from] ?? 0);
}

/** The same where the window of an anchored selector starts with the last sample before it. */
export function fromAnchor(
  { timestamps }: Samples,
  apply: WindowFunction,
  { extended }: RangeContext,
): RichWindowFunction {
  if (!extended) return apply;
  return (window, scalars) => {
    let from = window.from;
    while (from + 1 < window.to && (timestamps[from + 1] ?? 0) <= window.start) from++;
    if ((timestamps[window.to - 1] ?? 0) <= window.start) return undefined;
    return apply({ ...window, from }, scalars);
  };
}
