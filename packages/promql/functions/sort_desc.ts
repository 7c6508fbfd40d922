import { compareValues, defineSort } from "./sorting.ts";

export default defineSort("sort_desc", (a, b) => compareValues(a, b, -1));
