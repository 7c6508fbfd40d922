import { findNumber } from "../parser/literals.ts";

export interface Expectation {
  fails: boolean;
  /** What the message must be or match, where the script says. */
  failure?: Text;
  ordered: boolean;
  /** Each of them must be told, and nothing else; empty: nothing must be. */
  warnings?: Note[];
  infos?: Note[];
  string?: string;
  rangeVector?: { start: number; end: number; step: number };
  /** Series or numbers as written. */
  lines: string[];
}
/** Undefined: any wording. */
export type Note = Text | undefined;
export type Text = { exactly: string } | { matching: RegExp };

export type Command =
  | { kind: "clear"; line: number }
  | { kind: "load"; line: number; step: number; series: string[]; asHistograms: boolean }
  | { kind: "instant"; line: number; expr: string; at: number; expected: Expectation }
  | {
      kind: "range";
      line: number;
      expr: string;
      start: number;
      end: number;
      step: number;
      expected: Expectation;
    };

const milliseconds = (text: string): number => {
  const seconds = findNumber(text);
  if (seconds === undefined) throw new TypeError(`cannot read time: ${text}`);
  return Math.round(seconds * 1000);
};

/** The format of Prometheus' promqltest scripts. Times in milliseconds. */
export function parseScript(text: string): Command[] {
  // A comment line ends a block, as an empty one does.
  const lines = text.split("\n").map((line) => (line.trim().startsWith("#") ? "" : line.trim()));
  const commands: Command[] = [];
  let index = 0;
  const block = (): string[] => {
    const taken: string[] = [];
    while (index < lines.length && lines[index] !== "") taken.push(lines[index++] ?? "");
    return taken;
  };
  while (index < lines.length) {
    const head = lines[index++] ?? "";
    if (head === "") continue;
    commands.push(parseCommand(head, index, block));
  }
  return commands;
}

function parseCommand(head: string, line: number, block: () => string[]): Command {
  if (head === "clear") return { kind: "clear", line };
  const load = /^load(_with_nhcb)?\s+(\S+)$/.exec(head);
  if (load)
    return {
      kind: "load",
      line,
      step: milliseconds(load[2] ?? ""),
      series: block(),
      asHistograms: load[1] !== undefined,
    };
  const evaluation = /^eval(?:_(fail|warn|info|ordered))?\s+(instant|range)\s+(.*)$/.exec(head);
  if (!evaluation) throw new TypeError(`line ${line}: cannot read "${head}"`);
  const [, mode, kind, rest = ""] = evaluation;
  const expected = parseExpectation(mode, block());
  if (kind === "instant") {
    const match = /^(?:at\s+(\S+))?\s+(.+)$/.exec(` ${rest}`.replace(/^ at/, "at"));
    if (!match) throw new TypeError(`line ${line}: cannot read "${head}"`);
    return { kind: "instant", line, at: milliseconds(match[1] ?? "0"), expr: match[2] ?? "", expected };
  }
  const match = /^from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/.exec(rest);
  if (!match) throw new TypeError(`line ${line}: cannot read "${head}"`);
  const [start = 0, end = 0, step = 0] = match.slice(1, 4).map(milliseconds);
  return { kind: "range", line, start, end, step, expr: match[4] ?? "", expected };
}

function parseExpectation(mode: string | undefined, block: string[]): Expectation {
  const expected: Expectation = { fails: mode === "fail", ordered: mode === "ordered", lines: [] };
  if (mode === "warn") expected.warnings = [undefined];
  if (mode === "info") expected.infos = [undefined];
  for (const line of block) readExpectation(expected, line);
  return expected;
}

function readExpectation(expected: Expectation, line: string): void {
  const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line);
  if (old) {
    expected.failure =
      old[1] === "message" ? { exactly: old[2] ?? "" } : { matching: new RegExp(old[2] ?? "") };
    return;
  }
  const vector = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(line);
  if (vector) {
    const [start = 0, end = 0, step = 0] = vector.slice(1).map(milliseconds);
    expected.rangeVector = { start, end, step };
    return;
  }
  const expect =
    /^expect\s+(fail|ordered|warn|no_warn|info|no_info|string)\b\s*(?:(msg|regex):)?\s*(.*)$/.exec(line);
  if (!expect) {
    expected.lines.push(line);
    return;
  }
  const [, what, how, text = ""] = expect;
  const wording: Note = !how ? undefined : how === "msg" ? { exactly: text } : { matching: new RegExp(text) };
  switch (what) {
    case "fail":
      expected.fails = true;
      if (wording) expected.failure = wording;
      return;
    case "ordered":
      expected.ordered = true;
      return;
    case "string":
      expected.string = text;
      return;
    case "warn":
      expected.warnings = [...(expected.warnings ?? []), wording];
      return;
    case "info":
      expected.infos = [...(expected.infos ?? []), wording];
      return;
    case "no_warn":
      expected.warnings = [];
      return;
    case "no_info":
      expected.infos = [];
  }
}
