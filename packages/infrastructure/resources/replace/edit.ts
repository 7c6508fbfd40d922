export interface ReplaceEdit {
  regexp: string;
  replacement: string;
  after?: string | undefined;
  before?: string | undefined;
}

/** Everything that `regexp` finds between `after` and `before` becomes `replacement`; `^` and `$` are ends of lines. */
export function replaceAll(text: string, { regexp, replacement, after, before }: ReplaceEdit): string {
  const start = after === undefined ? 0 : endOf(text, after, 0);
  if (start < 0) return text;
  const stop = before === undefined ? text.length : startOf(text, before, start);
  if (stop < 0) return text;
  const middle = text.slice(start, stop).replace(new RegExp(regexp, "gm"), replacement);
  return text.slice(0, start) + middle + text.slice(stop);
}

function endOf(text: string, pattern: string, from: number): number {
  const match = new RegExp(pattern, "m").exec(text.slice(from));
  return match ? from + match.index + match[0].length : -1;
}

function startOf(text: string, pattern: string, from: number): number {
  const match = new RegExp(pattern, "m").exec(text.slice(from));
  return match ? from + match.index : -1;
}
