import { defineOverTime } from "./define.ts";
import { extrapolate } from "./extrapolate.ts";

export default defineOverTime("rate", (samples) => extrapolate(samples, { counter: true, perSecond: true }), {
  counter: true,
});
