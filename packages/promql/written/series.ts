import type { Labels } from "@havn/model";
import type { Histogram } from "../histogram/histogram.ts";
import { findNumber, findString } from "../parser/literals.ts";
import { expandHistograms } from "./histograms.ts";

/** The bits 0x7FF0000000000002 as a number: "the series ended here". */
export const staleMarker = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);

export interface WrittenSeries {
  labels: Labels;
  /** Undefined: no sample at that place. */
  values: (number | Histogram | "stale" | undefined)[];
  /** Where a histogram is written with a hint, which is compared only then. */
  hinted: boolean[];
}

/** `metric{a="b"} 1+2x3 _ stale NaN`: series as the scripts write them. Throws a TypeError for what it cannot read. */
export function parseSeries(line: string): WrittenSeries {
  const { labels, rest } = parseLabels(line);
  return { labels, ...parseValues(rest) };
}

export function parseLabels(line: string): { labels: Labels; rest: string } {
  const labels: Record<string, string> = {};
  const name = /^[A-Za-z_:][\w:]*/.exec(line)?.[0] ?? "";
  if (name) labels.__name__ = name;
  let rest = line.slice(name.length);
  if (!rest.trimStart().startsWith("{") || rest.trimStart().startsWith("{{"))
    return { labels, rest: rest.trim() };
  rest = rest.trimStart().slice(1);
  const pair =
    /^\s*(?:([A-Za-z_][\w]*)|("(?:[^"\\]|\\.)*"))\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?\s*,?/;
  for (;;) {
    const close = /^\s*\}/.exec(rest);
    if (close) return { labels, rest: rest.slice(close[0].length).trim() };
    const match = pair.exec(rest);
    if (!match || match[0] === "") throw new TypeError(`cannot read labels: ${line}`);
    const [whole, bare, quoted, value] = match;
    const label = bare ?? findString(quoted ?? "") ?? "";
    if (value === undefined) labels.__name__ = label;
    else labels[label] = findString(value) ?? "";
    rest = rest.slice(whole.length);
  }
}

function parseValues(text: string): Pick<WrittenSeries, "values" | "hinted"> {
  const values: WrittenSeries["values"] = [];
  const hinted: boolean[] = [];
  for (const token of text.match(/(?:\{\{.*?\}\}|\S)+/g) ?? []) {
    const expanded = expandToken(token);
    values.push(...expanded);
    hinted.push(...expanded.map(() => token.includes("counter_reset_hint")));
  }
  return { values, hinted };
}

const number = String.raw`[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|0x[0-9a-f]+|inf|nan)`;
const sequence = new RegExp(`^(${number})(?:([+-])(${number}))?x(\\d+)$`, "i");

function expandToken(token: string): WrittenSeries["values"] {
  if (token.startsWith("{{")) return expandHistograms(token);
  const omitted = /^_(?:x(\d+))?$/.exec(token);
  if (omitted) return new Array<undefined>(Number(omitted[1] ?? 1)).fill(undefined);
  if (token === "stale") return ["stale"];
  const match = sequence.exec(token);
  if (match) {
    const [, first = "", sign, step, count = "0"] = match;
    const increment = step === undefined ? 0 : (findNumber(step) ?? 0) * (sign === "-" ? -1 : 1);
    let value = findNumber(first) ?? Number.NaN;
    return Array.from({ length: Number(count) + 1 }, () => {
      const now = value;
      value += increment;
      return now;
    });
  }
  const value = findNumber(token);
  if (value === undefined) throw new TypeError(`cannot read value: ${token}`);
  return [value];
}
