import { defineOverTime } from "./define.ts";
import { slidingExtreme } from "./extreme.ts";

export default defineOverTime("ts_of_min_over_time", ({ timestamps, values }) => {
  const indexIn = slidingExtreme(values, { greatest: false, latest: true });
  return (window) => (timestamps[indexIn(window)] ?? 0) / 1000;
});
