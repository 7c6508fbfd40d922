import type { Frame } from "./answer.ts";

/** One row a moment, one column a series; times as ISO 8601 (RFC 4180). */
export function csvOf(frame: Frame, names: readonly string[]): string {
  const rows = frame.times.map((time, at) => [
    new Date(time * 1000).toISOString(),
    ...frame.series.map(({ values }) => String(values[at] ?? "")),
  ]);
  return csvRows([["time", ...names], ...rows]);
}

export const csvRows = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** A spreadsheet would run what begins with these as a formula: an apostrophe before it makes it text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?(\d|Inf)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
