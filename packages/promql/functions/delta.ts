import { defineOverTime } from "./define.ts";
import { type ChangeKind, extrapolate, extrapolateRich } from "./extrapolate.ts";

const how: ChangeKind = { counter: false, perSecond: false };

export default defineOverTime("delta", (samples) => extrapolate(samples, how), {
  openRich: (samples, context) => extrapolateRich(samples, how, context),
  extends: ["anchored", "smoothed", "since-before"],
});
