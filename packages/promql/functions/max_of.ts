import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "scalar",
  name: "max_of",
  parameters: ["scalar", "scalar"],
  returns: "scalar",
  async evaluate(call) {
    const other = await call.scalar(1);
    return (await call.scalar(0)).map((value, i) => Math.max(value, other[i] ?? Number.NaN));
  },
});
