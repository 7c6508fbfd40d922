import { defineOverTime } from "./define.ts";
import { slidingExtreme } from "./extreme.ts";

export default defineOverTime("max_over_time", ({ values }) => {
  const indexIn = slidingExtreme(values, { greatest: true, latest: false });
  return (window) => values[indexIn(window)];
});
