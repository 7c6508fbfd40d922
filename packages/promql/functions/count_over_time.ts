import { defineOverAny } from "./define.ts";

export default defineOverAny(
  "count_over_time",
  () =>
    ({ from, to }) =>
      to - from,
);
