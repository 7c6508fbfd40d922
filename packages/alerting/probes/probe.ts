import type { CheckState } from "@havn/model";
import type { Measure } from "./measure.ts";

/** What one attempt found. */
export interface Attempt {
  state: CheckState;
  /** One line for people. */
  output: string;
  /** Further lines: they become logs. */
  long?: string | undefined;
  /** They become series. */
  measures?: readonly Measure[] | undefined;
}

/** Asks once. May throw: that is critical, with the error's own words. Ends soon after `signal` aborts. */
export type Probe<Spec> = (spec: Spec, signal: AbortSignal) => Promise<Attempt>;

/** One line, not endless: it goes into alerts. */
export const firstLine = (text: string): string => (text.split("\n")[0] ?? "").slice(0, 300);

export function describeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return firstLine(String(cause));
  // A host with several addresses fails with one error for each of them.
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return firstLine(inner instanceof Error ? inner.message : String(inner));
}
