import { findPlace, joinLines, splitText } from "../edited-file.ts";

export interface LineEdit {
  line: string;
  regexp?: string | undefined;
  insertAfter?: string | undefined;
  insertBefore?: string | undefined;
  first: boolean;
  backReferences: boolean;
}

/**
 * One line of a text, by the rules that people know from Ansible's lineinfile: the last line (or with `first` the first)
 * that `regexp` finds becomes `line`; where it finds none, a `line` that is there already will do; else it is put in.
 * With `backReferences`, `$1` in `line` is what the first group found, and nothing is put in.
 */
export function setOneLine(text: string, edit: LineEdit): string {
  const { line, regexp, backReferences } = edit;
  const { lines, ended, newline } = splitText(text);
  const found = regexp === undefined ? -1 : findLine(lines, new RegExp(regexp), edit.first);
  if (found >= 0) {
    const before = lines[found] ?? "";
    const after = backReferences ? fillIn(line, new RegExp(regexp ?? "").exec(before)) : line;
    if (after === before) return text;
    lines[found] = after;
    return joinLines(lines, ended, newline);
  }
  if (backReferences || lines.includes(line)) return text;
  lines.splice(findPlace(lines, edit), 0, line);
  return joinLines(lines, true, newline);
}

/** Without every line that `regexp` finds; without `regexp`, without every line that equals `line`. */
export function removeLines(text: string, { line, regexp }: Pick<LineEdit, "line" | "regexp">): string {
  const { lines, ended, newline } = splitText(text);
  const expression = regexp === undefined ? undefined : new RegExp(regexp);
  const kept = lines.filter((one) => (expression ? !expression.test(one) : one !== line));
  return kept.length === lines.length ? text : joinLines(kept, ended, newline);
}

/** What stood where `line` goes: what a removal puts back. Undefined where the line is new. */
export function lineBefore(text: string, { line, regexp, first }: LineEdit): string | undefined {
  const { lines } = splitText(text);
  const found = regexp === undefined ? -1 : findLine(lines, new RegExp(regexp), first);
  if (found >= 0) return lines[found];
  return lines.includes(line) ? line : undefined;
}

const findLine = (lines: readonly string[], expression: RegExp, first: boolean): number =>
  first ? lines.findIndex((one) => expression.test(one)) : lines.findLastIndex((one) => expression.test(one));

const fillIn = (line: string, match: RegExpExecArray | null): string =>
  line.replace(/\$(\d|&|\$|<(\w+)>)/g, (_, what: string, name: string | undefined) => {
    if (what === "$") return "$";
    if (what === "&") return match?.[0] ?? "";
    return (name === undefined ? match?.[Number(what)] : match?.groups?.[name]) ?? "";
  });
