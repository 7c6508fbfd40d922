import { defineOverTime } from "./define.ts";
import { variance } from "./sums.ts";

export default defineOverTime(
  "stdvar_over_time",
  ({ values }) =>
    ({ from, to }) =>
      variance(values, from, to),
);
