import { defineOverTime } from "./define.ts";

export default defineOverTime("resets", ({ values }) => ({ from, to }) => {
  let resets = 0;
  for (let i = from + 1; i < to; i++) if ((values[i] ?? 0) < (values[i - 1] ?? 0)) resets++;
  return resets;
});
