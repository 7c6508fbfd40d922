import type { Labels } from "@havn/model";
import type { Span } from "../ast.ts";
import { executionError } from "../errors.ts";
import { formatValue } from "../format.ts";
import type { Group } from "./aggregate.ts";
import { type Column, hasAny, sortKey } from "./columns.ts";
import type { Evaluation } from "./evaluation.ts";

/**
 * `limit_ratio`: a share of the series, the same ones each time since their labels decide. A negative ratio takes the
 * others: `limit_ratio(0.2, v) or limit_ratio(-0.8, v)` is all of `v`.
 */
export function shareOf(
  e: Evaluation,
  groups: Group[],
  { ratios, at }: { ratios: Float64Array; at: Span },
): Column[] {
  const capped = ratios.map((ratio) => {
    if (Number.isNaN(ratio)) throw executionError("Ratio value is NaN");
    const within = Math.max(-1, Math.min(1, ratio));
    if (within !== ratio)
      e.warn(`ratio value should be between -1 and 1, got ${formatValue(ratio)}, capping to ${within}`, at);
    return within;
  });
  return groups
    .flatMap(({ columns }) => columns)
    .map((column) => {
      const place = placeOf(column.labels);
      const present = column.present.map((there, i) => {
        const ratio = capped[i] ?? 0;
        return there && (ratio >= 0 ? place < ratio : place >= 1 + ratio) ? 1 : 0;
      });
      return { ...column, present };
    })
    .filter((column) => hasAny(column));
}

/** Evenly spread over [0, 1): FNV-1a, its bits mixed once more. */
function placeOf(labels: Labels): number {
  let hash = 0x811c9dc5;
  for (const character of sortKey(labels))
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
