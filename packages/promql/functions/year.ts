import { defineDatePart } from "./define.ts";

export default defineDatePart("year", (date) => date.getUTCFullYear());
