import { defineFunction } from "./define.ts";
import { OrderedWindow } from "./ordered.ts";
import { quantileOfSorted } from "./sums.ts";

export default defineFunction({
  kind: "range",
  name: "quantile_over_time",
  parameters: ["scalar", "matrix"],
  returns: "vector",
  quantile: 0,
  open({ values }) {
    const ordered = new OrderedWindow(values);
    return (window, [q = 0]) => {
      ordered.moveTo(window);
      return quantileOfSorted(q, ordered);
    };
  },
});
