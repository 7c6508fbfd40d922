import { compareByLabels, defineSort } from "./sorting.ts";

export default defineSort("sort_by_label_desc", (a, b, labels) => -compareByLabels(a, b, labels), {
  byLabels: true,
});
