import { defineOverTime } from "./define.ts";

export default defineOverTime("idelta", ({ values }) => ({ from, to }) => {
  if (to - from < 2) return undefined;
  return (values[to - 1] ?? 0) - (values[to - 2] ?? 0);
});
