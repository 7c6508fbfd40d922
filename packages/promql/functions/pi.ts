import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "scalar",
  name: "pi",
  parameters: [],
  returns: "scalar",
  evaluate: async ({ grid }) => new Float64Array(grid.count).fill(Math.PI),
});
