import { floatsOf } from "../evaluate/columns.ts";
import { defineFunction } from "./define.ts";

/** The value where the vector has exactly one element, else NaN. */
export default defineFunction({
  kind: "scalar",
  name: "scalar",
  parameters: ["vector"],
  returns: "scalar",
  async evaluate(call) {
    const columns = (await call.vector(0)).map(floatsOf);
    const values = new Float64Array(call.grid.count).fill(Number.NaN);
    const seen = new Uint32Array(call.grid.count);
    for (const column of columns)
      for (let i = 0; i < values.length; i++) {
        if (!column.present[i]) continue;
        const count = (seen[i] ?? 0) + 1;
        seen[i] = count;
        values[i] = count === 1 ? (column.values[i] ?? 0) : Number.NaN;
      }
    return values;
  },
});
