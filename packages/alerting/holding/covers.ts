import { type Matcher, matches } from "../routing/matchers.ts";

/** What is known beforehand of the labels that an alert will have. */
export interface PossibleLabels {
  /** Each label with all values that it can have; "": it may be missing. */
  known: Readonly<Record<string, readonly string[]>>;
  /** Others come from series, and nobody knows them yet. */
  open: boolean;
}

export type Certainty = "yes" | "maybe" | "no";

/** Whether matchers will cover alerts with these labels: all of them, perhaps some, or none. */
export function coversAlertsOf(matchers: readonly Matcher[], { known, open }: PossibleLabels): Certainty {
  let certain = true;
  for (const matcher of matchers) {
    const values = Object.hasOwn(known, matcher.name) ? known[matcher.name] : undefined;
    if (values === undefined && open) {
      certain = false;
      continue;
    }
    const hits = (values ?? [""]).filter((value) => matches(matcher, { [matcher.name]: value })).length;
    if (hits === 0) return "no";
    if (hits < (values ?? [""]).length) certain = false;
  }
  return certain ? "yes" : "maybe";
}
