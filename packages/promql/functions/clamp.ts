import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp",
  parameters: ["vector", "scalar", "scalar"],
  returns: "vector",
  apply: (value, [least = 0, most = 0]) =>
    most < least ? undefined : Math.max(least, Math.min(most, value)),
});
