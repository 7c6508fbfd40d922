import { defineOverTime } from "./define.ts";
import { betweenLastTwo } from "./latest.ts";

export default defineOverTime(
  "irate",
  ({ timestamps, values }) =>
    ({ from, to }) => {
      if (to - from < 2) return undefined;
      const [last = 0, before = 0] = [values[to - 1], values[to - 2]];
      const seconds = ((timestamps[to - 1] ?? 0) - (timestamps[to - 2] ?? 0)) / 1000;
      return (last < before ? last : last - before) / seconds;
    },
  { openRich: (samples, context) => betweenLastTwo(samples, { counter: true }, context), usesStarts: true },
);
