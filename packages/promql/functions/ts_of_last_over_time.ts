import { defineOverAny } from "./define.ts";

export default defineOverAny(
  "ts_of_last_over_time",
  ({ timestamps }) =>
    ({ to }) =>
      (timestamps[to - 1] ?? 0) / 1000,
);
