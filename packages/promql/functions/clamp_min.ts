import { defineFunction } from "./define.ts";
import { greaterOf } from "./order.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp_min",
  parameters: ["vector", "scalar"],
  returns: "vector",
  apply: (value, [least = 0]) => greaterOf(least, value),
});
