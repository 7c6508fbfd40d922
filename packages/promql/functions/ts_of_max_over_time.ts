import { defineOverTime } from "./define.ts";
import { slidingExtreme } from "./extreme.ts";

export default defineOverTime("ts_of_max_over_time", ({ timestamps, values }) => {
  const indexIn = slidingExtreme(values, { greatest: true, latest: true });
  return (window) => (timestamps[indexIn(window)] ?? 0) / 1000;
});
