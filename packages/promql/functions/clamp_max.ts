import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp_max",
  parameters: ["vector", "scalar"],
  returns: "vector",
  apply: (value, [most = 0]) => Math.min(most, value),
});
