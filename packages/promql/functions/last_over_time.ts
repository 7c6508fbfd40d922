import { defineOverTime } from "./define.ts";

export default defineOverTime(
  "last_over_time",
  ({ values }) =>
    ({ to }) =>
      values[to - 1],
  { keepsName: true },
);
