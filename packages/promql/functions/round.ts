import { defineFunction } from "./define.ts";

/** To the nearest multiple of the second argument; halves go up. */
export default defineFunction({
  kind: "pointwise",
  name: "round",
  parameters: ["vector", "scalar"],
  optional: 1,
  returns: "vector",
  // By the inverse, as Prometheus does: 0.1 as a multiple would otherwise show as 0.30000000000000004.
  apply(value, [nearest = 1]) {
    const inverse = 1 / nearest;
    return Math.floor(value * inverse + 0.5) / inverse;
  },
});
