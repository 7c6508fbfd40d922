/** What one attempt found. `output` is one line for people. */
export interface Attempt {
  ok: boolean;
  output: string;
}

/** One line, not endless: it goes into alerts. */
const firstLine = (text: string): string => (text.split("\n")[0] ?? "").slice(0, 300);

export function describeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return firstLine(String(cause));
  // A host with several addresses fails with one error for each of them.
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return firstLine(inner instanceof Error ? inner.message : String(inner));
}
