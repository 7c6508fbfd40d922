import { defineDatePart } from "./define.ts";

export default defineDatePart("minute", (date) => date.getUTCMinutes());
