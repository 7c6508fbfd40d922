import { defineDatePart } from "./define.ts";

const dayMs = 86_400_000;

export default defineDatePart("day_of_year", (date) => {
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return (midnight - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs + 1;
});
