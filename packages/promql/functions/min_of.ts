import { defineFunction } from "./define.ts";
import { lesserOf } from "./order.ts";

export default defineFunction({
  kind: "scalar",
  name: "min_of",
  parameters: ["scalar", "scalar"],
  returns: "scalar",
  async evaluate(call) {
    const other = await call.scalar(1);
    return (await call.scalar(0)).map((value, i) => lesserOf(value, other[i] ?? Number.NaN));
  },
});
