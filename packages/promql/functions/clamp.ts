import { defineFunction } from "./define.ts";
import { greaterOf, lesserOf } from "./order.ts";

export default defineFunction({
  kind: "pointwise",
  name: "clamp",
  parameters: ["vector", "scalar", "scalar"],
  returns: "vector",
  apply: (value, [least = 0, most = 0]) =>
    most < least ? undefined : greaterOf(least, lesserOf(most, value)),
});
