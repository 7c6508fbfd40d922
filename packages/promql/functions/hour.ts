import { defineDatePart } from "./define.ts";

export default defineDatePart("hour", (date) => date.getUTCHours());
