import { defineOverTime } from "./define.ts";

export default defineOverTime(
  "first_over_time",
  ({ values }) =>
    ({ from }) =>
      values[from],
  {
    keepsName: true,
    openRich:
      ({ values, histograms }) =>
      ({ from }) =>
        histograms?.[from] ?? values[from],
  },
);
