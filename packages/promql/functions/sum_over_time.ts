import { defineOverTime } from "./define.ts";
import { Sum } from "./sums.ts";

export default defineOverTime("sum_over_time", ({ values }) => ({ from, to }) => {
  const sum = new Sum();
  for (let i = from; i < to; i++) sum.add(values[i] ?? 0);
  return sum.total;
});
