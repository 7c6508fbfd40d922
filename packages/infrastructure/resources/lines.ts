/**
 * `text` with every line that `match` finds replaced by one `line`, in the place of the first, else at the end; without
 * `line` they go. All other lines stay byte for byte; twice is once, as long as `match` finds `line`.
 */
export function setLine(text: string, match: string, line: string | undefined): string {
  const pattern = new RegExp(match);
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const kept: string[] = [];
  let placed = line === undefined;
  for (const one of lines) {
    if (!pattern.test(one)) kept.push(one);
    else if (!placed && line !== undefined) {
      kept.push(line);
      placed = true;
    }
  }
  if (!placed && line !== undefined) kept.push(line);
  const changed = kept.length !== lines.length || kept.some((one, index) => one !== lines[index]);
  if (!changed) return text;
  return kept.length === 0 ? "" : `${kept.join("\n")}\n`;
}

/** Lines of `text` that `match` finds, in order. */
export const findLines = (text: string, match: string): string[] =>
  text.split("\n").filter((line) => new RegExp(match).test(line));

/** As a regular expression that finds just this. */
export const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
