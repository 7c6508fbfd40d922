import type { Samples } from "../evaluate/columns.ts";
import { equalHistograms } from "../histogram/histogram.ts";
import { defineOverTime } from "./define.ts";
import { countTransitions, fromAnchor } from "./transitions.ts";

const open = (samples: Samples) => countTransitions(samples, (i) => differs(samples, i));

function differs({ values, histograms }: Samples, i: number): boolean {
  const [now, then] = [histograms?.[i], histograms?.[i - 1]];
  if (now && then) return !equalHistograms(now, then);
  if (now || then) return true;
  const [value = 0, before = 0] = [values[i], values[i - 1]];
  return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
}

export default defineOverTime("changes", open, {
  openRich: (samples, context) => fromAnchor(samples, open(samples), context),
  extends: ["anchored"],
});
