import { absence } from "./absence.ts";
import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "vector",
  name: "absent_over_time",
  parameters: ["matrix"],
  returns: "vector",
  async evaluate(call) {
    const [expr] = call.arguments;
    return expr ? absence(await call.over(0, () => () => 1), call.grid, expr) : [];
  },
});
