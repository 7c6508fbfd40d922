import { defineDatePart } from "./define.ts";

export default defineDatePart("month", (date) => date.getUTCMonth() + 1);
