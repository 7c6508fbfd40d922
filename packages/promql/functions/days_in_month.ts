import { defineDatePart } from "./define.ts";

export default defineDatePart("days_in_month", (date) =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
);
