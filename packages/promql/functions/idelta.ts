import { defineOverTime } from "./define.ts";
import { betweenLastTwo } from "./latest.ts";

export default defineOverTime(
  "idelta",
  ({ values }) =>
    ({ from, to }) => {
      if (to - from < 2) return undefined;
      return (values[to - 1] ?? 0) - (values[to - 2] ?? 0);
    },
  { openRich: (samples, context) => betweenLastTwo(samples, { counter: false }, context) },
);
