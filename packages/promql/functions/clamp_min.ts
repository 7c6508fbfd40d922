import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp_min",
  parameters: ["vector", "scalar"],
  returns: "vector",
  apply: (value, [least = 0]) => Math.max(least, value),
});
