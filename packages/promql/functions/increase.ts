import { defineOverTime } from "./define.ts";
import { type ChangeKind, extrapolate, extrapolateRich } from "./extrapolate.ts";

const how: ChangeKind = { counter: true, perSecond: false };

export default defineOverTime("increase", (samples) => extrapolate(samples, how), {
  openRich: (samples, context) => extrapolateRich(samples, how, context),
  extends: ["anchored", "smoothed", "since-before"],
  usesStarts: true,
  counter: true,
});
