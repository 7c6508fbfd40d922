import { defineOverTime } from "./define.ts";

export default defineOverTime(
  "last_over_time",
  ({ values }) =>
    ({ to }) =>
      values[to - 1],
  {
    keepsName: true,
    openRich:
      ({ values, histograms }) =>
      ({ to }) =>
        histograms?.[to - 1] ?? values[to - 1],
  },
);
