import { fullColumn } from "../evaluate/columns.ts";
import { defineFunction } from "./define.ts";

export default defineFunction({
  kind: "vector",
  name: "vector",
  parameters: ["scalar"],
  returns: "vector",
  evaluate: async (call) => [fullColumn({}, await call.scalar(0))],
});
