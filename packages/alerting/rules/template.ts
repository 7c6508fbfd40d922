import type { Labels } from "@havn/model";
import { formatValue } from "@havn/promql";

/** `{{ $labels.x }}` and `{{ $value }}` filled in; a label that is not there is empty text. */
export function fillTemplate(template: string, { labels, value }: { labels: Labels; value: number }): string {
  return template.replace(
    /\{\{\s*\$(?:labels\.(\w+)|(value))\s*\}\}/g,
    (_whole, label: string | undefined) => (label === undefined ? shortValue(value) : (labels[label] ?? "")),
  );
}

/** Six digits are enough for people. */
const shortValue = (value: number) =>
  formatValue(Number.isFinite(value) ? Number(value.toPrecision(6)) : value);
