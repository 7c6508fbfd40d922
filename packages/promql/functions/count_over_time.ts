import { defineOverTime } from "./define.ts";

export default defineOverTime(
  "count_over_time",
  () =>
    ({ from, to }) =>
      to - from,
);
