import { defineOverTime } from "./define.ts";
import { variance } from "./sums.ts";

export default defineOverTime(
  "stddev_over_time",
  ({ values }) =>
    ({ from, to }) =>
      Math.sqrt(variance(values, from, to)),
);
