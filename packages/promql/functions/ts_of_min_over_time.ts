import { defineOverTime } from "./define.ts";
import { indexOfExtreme } from "./extreme.ts";

export default defineOverTime(
  "ts_of_min_over_time",
  ({ timestamps, values }) =>
    (window) =>
      (timestamps[indexOfExtreme(values, window, { greatest: false, latest: true })] ?? 0) / 1000,
);
