import { defineFunction } from "./define.ts";

/** Since when each sample that a selector picks counts, in seconds; 0 where that is not known. */
export default defineFunction({
  kind: "vector",
  name: "start_timestamp",
  parameters: ["vector"],
  returns: "vector",
  evaluate: async (call) =>
    ((await call.sampleTimes(0, "startTimestamps")) ?? []).map(({ histograms: _, ...column }) => column),
});
