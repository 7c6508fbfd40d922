import { defineDatePart } from "./define.ts";

export default defineDatePart("day_of_month", (date) => date.getUTCDate());
