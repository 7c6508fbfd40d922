/** More than these nobody reads on a terminal. */
const most = 40;

/** What an import did not carry over, a line each; of a large installation the first, and how many more there are. */
export function notesView(notes: readonly string[]): string[] {
  const lines = notes.slice(0, most).map((note) => `Not carried over: ${note}.`);
  const left = notes.length - most;
  return left > 0 ? [...lines, `… and ${left} more were not carried over: --json names them all.`] : lines;
}
