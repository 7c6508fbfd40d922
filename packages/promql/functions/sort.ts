import { compareValues, defineSort } from "./sorting.ts";

export default defineSort("sort", (a, b) => compareValues(a, b, 1));
