import { defineDatePart } from "./define.ts";

export default defineDatePart("day_of_week", (date) => date.getUTCDay());
