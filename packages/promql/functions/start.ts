import { defineFunction } from "./define.ts";

/** The start of the query, in seconds. */
export default defineFunction({
  kind: "scalar",
  name: "start",
  parameters: [],
  returns: "scalar",
  evaluate: async (call) => new Float64Array(call.grid.count).fill(call.query.startMs / 1000),
});
