import { absence } from "./absence.ts";
import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "vector",
  name: "absent",
  parameters: ["vector"],
  returns: "vector",
  async evaluate(call) {
    const [expr] = call.arguments;
    return expr ? absence(await call.vector(0), call.grid, expr) : [];
  },
});
