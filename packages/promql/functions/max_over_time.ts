import { defineOverTime } from "./define.ts";
import { indexOfExtreme } from "./extreme.ts";

export default defineOverTime(
  "max_over_time",
  ({ values }) =>
    (window) =>
      values[indexOfExtreme(values, window, { greatest: true, latest: false })],
);
