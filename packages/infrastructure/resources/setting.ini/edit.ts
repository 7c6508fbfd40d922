import { joinLines, splitText } from "../edited-file.ts";
import type { SettingPath } from "../setting.ts";

/** Sections, names and values as systemd, MySQL, PHP, Samba and Git read them: a later setting wins over an earlier one. */
interface Found {
  /** Line of the setting; -1 where it is not set. */
  line: number;
  /** Behind the last line of its section that is not empty; undefined where there is no such section. */
  end: number | undefined;
}

export function get(text: string, at: SettingPath): string | undefined {
  const { lines } = splitText(text);
  const { line } = find(lines, at);
  return line < 0 ? undefined : partsOf(lines[line] ?? "")?.value;
}

export function set(text: string, at: SettingPath, value: unknown): string {
  const { lines, newline } = splitText(text);
  const { line, end } = find(lines, at);
  const [section, name] = namesOf(at);
  if (line >= 0) {
    const before = partsOf(lines[line] ?? "");
    lines[line] = `${before?.head}${value}`;
  } else if (end !== undefined) lines.splice(end, 0, `${name}${separatorOf(lines)}${value}`);
  else {
    if (lines.length > 0 && lines.at(-1)?.trim() !== "") lines.push("");
    lines.push(`[${section}]`, `${name}${separatorOf(lines)}${value}`);
  }
  return joinLines(lines, true, newline);
}

export function remove(text: string, at: SettingPath): string {
  const { lines, ended, newline } = splitText(text);
  let { line } = find(lines, at);
  if (line < 0) return text;
  for (; line >= 0; line = find(lines, at).line) lines.splice(line, 1);
  return joinLines(lines, ended, newline);
}

const namesOf = (at: SettingPath): [section: string, name: string] =>
  at.length === 1 ? ["", String(at[0])] : [String(at[0]), at.slice(1).join(".")];

function find(lines: readonly string[], at: SettingPath): Found {
  const [section, name] = namesOf(at);
  const found: Found = { line: -1, end: section === "" ? 0 : undefined };
  let here = "";
  for (const [index, line] of lines.entries()) {
    const header = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) here = header.trim();
    if (here !== section) continue;
    if (line.trim() !== "") found.end = index + 1;
    if (header === undefined && partsOf(line)?.name === name) found.line = index;
  }
  return found;
}

/** `head` is all up to the value, as it is written. A name alone (`skip-networking`) has an empty value. */
function partsOf(line: string): { name: string; head: string; value: string } | undefined {
  if (/^\s*([#;]|$)/.test(line)) return undefined;
  const match = /^(\s*([^=]*?)\s*=[ \t]*)(.*?)\s*$/.exec(line);
  if (match) return { name: match[2] ?? "", head: match[1] ?? "", value: match[3] ?? "" };
  return { name: line.trim(), head: `${line.trimEnd()} = `, value: "" };
}

/** As most of the file writes it. */
function separatorOf(lines: readonly string[]): string {
  const settings = lines.filter((line) => line.includes("=") && !/^\s*[#;[]/.test(line));
  const tight = settings.filter((line) => /[^\s=]=\S/.test(line)).length;
  return settings.length > 0 && tight * 2 >= settings.length ? "=" : " = ";
}
