import { defineFunction } from "./define.ts";

/** The range of the query, in seconds. */
export default defineFunction({
  kind: "scalar",
  name: "range",
  parameters: [],
  returns: "scalar",
  evaluate: async (call) =>
    new Float64Array(call.grid.count).fill((call.query.endMs - call.query.startMs) / 1000),
});
