import { defineFunction } from "./define.ts";
import { lesserOf } from "./order.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp_max",
  parameters: ["vector", "scalar"],
  returns: "vector",
  apply: (value, [most = 0]) => lesserOf(most, value),
});
