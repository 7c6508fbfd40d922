import { defineOverTime } from "./define.ts";
import { extrapolate } from "./extrapolate.ts";

export default defineOverTime(
  "increase",
  (samples) => extrapolate(samples, { counter: true, perSecond: false }),
  {
    counter: true,
  },
);
