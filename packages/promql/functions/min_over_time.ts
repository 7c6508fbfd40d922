import { defineOverTime } from "./define.ts";
import { indexOfExtreme } from "./extreme.ts";

export default defineOverTime(
  "min_over_time",
  ({ values }) =>
    (window) =>
      values[indexOfExtreme(values, window, { greatest: false, latest: false })],
);
