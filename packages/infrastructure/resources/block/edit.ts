import { findPlace, joinLines, splitText } from "../edited-file.ts";

export interface BlockEdit {
  content: string;
  marker: string;
  insertAfter?: string | undefined;
  insertBefore?: string | undefined;
}

/** The lines between two marker lines become `content`; where the markers are not there, they are put in with it. */
export function setBlock(text: string, edit: BlockEdit): string {
  const { lines, ended, newline } = splitText(text);
  const [begin, end] = markersOf(edit.marker);
  const block = [begin, ...splitText(edit.content.replaceAll("\r\n", "\n")).lines, end];
  const found = findBlock(lines, edit.marker);
  if (!found) {
    lines.splice(findPlace(lines, edit), 0, ...block);
    return joinLines(lines, true, newline);
  }
  const before = lines.slice(found.from, found.to);
  if (before.length === block.length && before.every((one, index) => one === block[index])) return text;
  lines.splice(found.from, found.to - found.from, ...block);
  return joinLines(lines, ended || found.to === lines.length, newline);
}

/** Without the block and its markers. */
export function removeBlock(text: string, marker: string): string {
  const { lines, ended, newline } = splitText(text);
  const found = findBlock(lines, marker);
  if (!found) return text;
  lines.splice(found.from, found.to - found.from);
  return joinLines(lines, ended, newline);
}

export const markersOf = (marker: string): [begin: string, end: string] => [
  marker.replaceAll("{mark}", "BEGIN"),
  marker.replaceAll("{mark}", "END"),
];

/** From its first marker to behind its last one. A begin without an end is no block: what follows it is not Havn's. */
function findBlock(lines: readonly string[], marker: string): { from: number; to: number } | undefined {
  const [begin, end] = markersOf(marker);
  const last = lines.lastIndexOf(end);
  const from = last < 0 ? -1 : lines.lastIndexOf(begin, last);
  return from < 0 ? undefined : { from, to: last + 1 };
}
