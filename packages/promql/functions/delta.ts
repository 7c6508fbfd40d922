import { defineOverTime } from "./define.ts";
import { extrapolate } from "./extrapolate.ts";

export default defineOverTime("delta", (samples) =>
  extrapolate(samples, { counter: false, perSecond: false }),
);
