import { compareByLabels, defineSort } from "./sorting.ts";

export default defineSort("sort_by_label", (a, b, labels) => compareByLabels(a, b, labels), {
  byLabels: true,
});
