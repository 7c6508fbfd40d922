import type { Samples } from "../evaluate/columns.ts";
import { floatsAmong } from "../evaluate/windows.ts";
import { mixedKinds, type Notes } from "../notes.ts";
import type { RichWindowFunction, WindowFunction } from "./define.ts";

/** For what can be done with numbers and with histograms, but not with both in one window. */
export function eitherKind(
  samples: Samples,
  notes: Notes,
  open: {
    floats(samples: Samples): WindowFunction | RichWindowFunction;
    histograms(samples: Samples): RichWindowFunction;
  },
): RichWindowFunction {
  const { floats, within } = floatsAmong(samples);
  const applyFloats = open.floats(floats);
  if (!samples.histograms) return applyFloats;
  const applyHistograms = open.histograms(samples);
  return (window, scalars) => {
    const inner = within(window);
    const numbers = inner.to - inner.from;
    if (numbers === 0) return applyHistograms(window, scalars);
    if (numbers === window.to - window.from) return applyFloats(inner, scalars);
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  };
}
