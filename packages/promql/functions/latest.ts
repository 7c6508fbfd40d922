import type { Samples } from "../evaluate/columns.ts";
import { combine, divided, withHint } from "../histogram/arithmetic.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { mixedKinds, mixedSchemas, type Notes, notCounter, notGauge, reconciled } from "../notes.ts";
import type { RichWindowFunction } from "./define.ts";
import { pairAt, startsAnew } from "./starts.ts";

/** `irate` (a counter, by second) and `idelta`: between the last two samples of a window, of whatever kind. */
export function betweenLastTwo(
  samples: Samples,
  { counter }: { counter: boolean },
  notes: Notes,
): RichWindowFunction {
  const { timestamps, values, histograms } = samples;
  return ({ from, to }) => {
    if (to - from < 2) return undefined;
    const i = to - 1;
    const [now, then] = [histograms?.[i], histograms?.[i - 1]];
    const seconds = ((timestamps[i] ?? 0) - (timestamps[i - 1] ?? 0)) / 1000;
    const anew = counter && startsAnew(pairAt(samples, i));
    if (now && then) {
      const change = histogramDifference(now, then, { counter, anew, notes });
      return change && counter ? divided(change, seconds) : change;
    }
    if (now || then) {
      notes.warn(mixedKinds(notes.metric));
      return undefined;
    }
    const [last = 0, before = 0] = [values[i], values[i - 1]];
    const change = anew || (counter && last < before) ? last : last - before;
    return counter ? change / seconds : change;
  };
}

function histogramDifference(
  now: Histogram,
  then: Histogram,
  { counter, anew, notes }: { counter: boolean; anew: boolean; notes: Notes },
): Histogram | undefined {
  if (counter && (now.hint === "gauge" || then.hint === "gauge")) notes.warn(notCounter(notes.metric));
  if (!counter && (now.hint !== "gauge" || then.hint !== "gauge")) notes.warn(notGauge(notes.metric));
  if (counter && (anew || isReset(now, then))) return withHint(now, "gauge");
  const difference = combine(now, then, -1);
  if (!difference) notes.warn(mixedSchemas(notes.metric));
  if (difference?.added.reconciled) notes.inform(reconciled("subtraction"));
  return difference && withHint(difference.total, "gauge");
}
