import { defineFunction } from "./define.ts";

/** The end of the query, in seconds. */
export default defineFunction({
  kind: "scalar",
  name: "end",
  parameters: [],
  returns: "scalar",
  evaluate: async (call) => new Float64Array(call.grid.count).fill(call.query.endMs / 1000),
});
