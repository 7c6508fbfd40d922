import { defineFunction } from "./define.ts";
import { quantileOfSorted, sortNaNFirst } from "./sums.ts";

export default defineFunction({
  kind: "range",
  name: "quantile_over_time",
  parameters: ["scalar", "matrix"],
  returns: "vector",
  quantile: 0,
  open:
    ({ values }) =>
    ({ from, to }, [q = 0]) =>
      quantileOfSorted(q, sortNaNFirst(values.slice(from, to))),
});
