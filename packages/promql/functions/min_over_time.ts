import { defineOverTime } from "./define.ts";
import { slidingExtreme } from "./extreme.ts";

export default defineOverTime("min_over_time", ({ values }) => {
  const indexIn = slidingExtreme(values, { greatest: false, latest: false });
  return (window) => values[indexIn(window)];
});
