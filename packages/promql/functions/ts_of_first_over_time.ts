import { defineOverAny } from "./define.ts";

export default defineOverAny(
  "ts_of_first_over_time",
  ({ timestamps }) =>
    ({ from }) =>
      (timestamps[from] ?? 0) / 1000,
);
