import { defineOverAny } from "./define.ts";

export default defineOverAny("present_over_time", () => () => 1);
