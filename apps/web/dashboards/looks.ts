import type { DashboardPanel, DashboardTone, PanelOverride, PanelReduction } from "@havn/model";
import { patternOf } from "./patterns.ts";

/** What the overrides of a panel make of one series or column. Later ones win. */
export function lookOf(
  overrides: readonly PanelOverride[] | undefined,
  { name, query }: { name: string; query: number },
): Omit<PanelOverride, "match"> {
  let look: Omit<PanelOverride, "match"> = {};
  for (const { match, ...rest } of overrides ?? []) {
    const fits =
      (match.name === undefined || match.name === name) &&
      (match.pattern === undefined || patternOf(match.pattern).test(name)) &&
      (match.query === undefined || match.query === query);
    if (fits) look = { ...look, ...rest };
  }
  return look;
}

/** How good a value is, by the highest threshold that it reaches; undefined where none says. */
export function toneOf(thresholds: DashboardPanel["thresholds"], value: number): DashboardTone | undefined {
  return (thresholds ?? [])
    .filter(({ from }) => from === null || value >= from)
    .reduce<{ from: number; tone: DashboardTone } | undefined>((best, { from, tone }) => {
      const at = from ?? Number.NEGATIVE_INFINITY;
      return best && best.from > at ? best : { from: at, tone };
    }, undefined)?.tone;
}

/** What stands in place of a value, and its tone; the first mapping that fits. */
export function mappedTo(
  mappings: DashboardPanel["mappings"],
  value: number | undefined,
): { text?: string | undefined; tone?: DashboardTone | undefined } {
  for (const { value: exact, from, to, pattern, text, tone } of mappings ?? []) {
    const fits =
      value === undefined || Number.isNaN(value)
        ? exact === "null" || (exact === "NaN" && value !== undefined)
        : exact !== undefined
          ? exact !== "null" && Number(exact) === value
          : pattern !== undefined
            ? patternOf(pattern).test(String(value))
            : (from !== undefined || to !== undefined) &&
              value >= (from ?? Number.NEGATIVE_INFINITY) &&
              value <= (to ?? Number.POSITIVE_INFINITY);
    if (fits) return { text, tone };
  }
  return {};
}

/** One number for a series; undefined where it has none. */
export function reducedTo(
  values: readonly (number | null)[],
  how: PanelReduction = "last",
): number | undefined {
  const known = values.filter((value) => value !== null);
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined) return how === "count" ? 0 : undefined;
  const sum = () => known.reduce((total, value) => total + value, 0);
  const least = () => known.reduce((low, value) => Math.min(low, value), first);
  const highest = () => known.reduce((high, value) => Math.max(high, value), first);
  switch (how) {
    case "last":
      return last;
    case "first":
      return first;
    case "mean":
      return sum() / known.length;
    case "sum":
      return sum();
    case "min":
      return least();
    case "max":
      return highest();
    case "count":
      return known.length;
    case "range":
      return highest() - least();
    case "delta":
      return last - first;
  }
}
