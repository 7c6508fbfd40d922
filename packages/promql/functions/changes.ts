import { defineOverTime } from "./define.ts";

export default defineOverTime("changes", ({ values }) => ({ from, to }) => {
  let changes = 0;
  for (let i = from + 1; i < to; i++) {
    const [value = 0, before = 0] = [values[i], values[i - 1]];
    if (value !== before && !(Number.isNaN(value) && Number.isNaN(before))) changes++;
  }
  return changes;
});
