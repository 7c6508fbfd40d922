import { defineFunction } from "./define.ts";
import { greaterOf } from "./order.ts";

export default defineFunction({
  kind: "scalar",
  name: "max_of",
  parameters: ["scalar", "scalar"],
  returns: "scalar",
  async evaluate(call) {
    const other = await call.scalar(1);
    return (await call.scalar(0)).map((value, i) => greaterOf(value, other[i] ?? Number.NaN));
  },
});
