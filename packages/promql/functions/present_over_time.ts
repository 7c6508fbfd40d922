import { defineOverTime } from "./define.ts";

export default defineOverTime("present_over_time", () => () => 1);
