import { defineOverTime } from "./define.ts";

export default defineOverTime(
  "ts_of_first_over_time",
  ({ timestamps }) =>
    ({ from }) =>
      (timestamps[from] ?? 0) / 1000,
);
