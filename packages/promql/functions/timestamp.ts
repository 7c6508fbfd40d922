import { defineFunction } from "./define.ts";

/** When each sample was taken, in seconds; for what is calculated, the moment that is evaluated. */
export default defineFunction({
  kind: "vector",
  name: "timestamp",
  parameters: ["vector"],
  returns: "vector",
  async evaluate(call) {
    const taken = call.sampleTimes(0);
    if (taken) return (await taken).map(({ histograms: _, ...column }) => column);
    const { start, step } = call.grid;
    return (await call.vector(0)).map(({ histograms: _, ...column }) => ({
      ...column,
      dropName: true,
      values: column.values.map((_, i) => (start + i * step) / 1000),
    }));
  },
});
