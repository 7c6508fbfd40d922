import { defineFunction } from "./define.ts";

/** The step of the query, in seconds. */
export default defineFunction({
  kind: "scalar",
  name: "step",
  parameters: [],
  returns: "scalar",
  evaluate: async (call) => new Float64Array(call.grid.count).fill(call.query.stepMs / 1000),
});
