import { defineOverTime } from "./define.ts";
import { mean } from "./sums.ts";

export default defineOverTime(
  "avg_over_time",
  ({ values }) =>
    ({ from, to }) =>
      mean(values, from, to),
);
