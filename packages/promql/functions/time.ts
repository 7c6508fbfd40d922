import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "scalar",
  name: "time",
  parameters: [],
  returns: "scalar",
  evaluate: async ({ grid }) =>
    Float64Array.from({ length: grid.count }, (_, i) => (grid.start + i * grid.step) / 1000),
});
