import type { Measure } from "../measure.ts";
import { parsePerformanceData } from "./performance.ts";

export interface PluginOutput {
  /** The first line, without performance data. */
  output: string;
  long: string;
  measures: Measure[];
  /** Performance data that could not be read. */
  unreadable: string[];
}

/**
 * What a plugin wrote, as Nagios 3 and later read it: `TEXT|PERFDATA`, then lines of long text; a further `|` in them
 * begins performance data up to the end. `\|` is a bar in the text.
 */
export function readPluginOutput(written: string): PluginOutput {
  const lines = written.replaceAll("\r", "").replace(/\n+$/, "").split("\n");
  const [output, firstData] = splitBar(lines[0] ?? "");
  const data = [firstData];
  const long: string[] = [];
  for (let at = 1; at < lines.length; at++) {
    const [text, more] = splitBar(lines[at] ?? "");
    long.push(text);
    if (more === undefined) continue;
    data.push(more, ...lines.slice(at + 1));
    break;
  }
  const { measures, unreadable } = parsePerformanceData(data.filter((one) => one !== undefined).join(" "));
  return { output: output.trim(), long: long.join("\n").trimEnd(), measures, unreadable };
}

function splitBar(line: string): [text: string, data: string | undefined] {
  const match = /(?<!\\)\|/.exec(line);
  const plain = (text: string) => text.replaceAll("\\|", "|");
  if (!match) return [plain(line), undefined];
  return [plain(line.slice(0, match.index)), line.slice(match.index + 1)];
}
