import type { Samples } from "../evaluate/columns.ts";
import { isReset } from "../histogram/reset.ts";
import { defineOverTime } from "./define.ts";
import { pairAt, startsAnew } from "./starts.ts";
import { countTransitions, fromAnchor } from "./transitions.ts";

const open = (samples: Samples) => countTransitions(samples, (i) => beginsAnew(samples, i));

function beginsAnew(samples: Samples, i: number): boolean {
  const { values, histograms } = samples;
  const [now, then] = [histograms?.[i], histograms?.[i - 1]];
  if ((now === undefined) !== (then === undefined)) return true;
  if (startsAnew(pairAt(samples, i))) return true;
  return now && then ? isReset(now, then) : (values[i] ?? 0) < (values[i - 1] ?? 0);
}

export default defineOverTime("resets", open, {
  openRich: (samples, context) => fromAnchor(samples, open(samples), context),
  extends: ["anchored"],
  usesStarts: true,
});
