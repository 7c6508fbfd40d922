import { findDuration } from "@havn/model";

const duration = String.raw`[+-]?(?:\d+(?:ms|[smhdwy]))+|[+-]?0`;
const item = new RegExp(`^(${duration})(?:([+-])(${duration}))?(?:x(\\d+))?$`);

/** `-1m -30s-1mx4 _`: since when samples count, in milliseconds relative to when they were taken. */
export function parseStarts(text: string): (number | undefined)[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((token) => {
      const omitted = /^_(?:x(\d+))?$/.exec(token);
      if (omitted) return new Array<undefined>(Number(omitted[1] ?? 1)).fill(undefined);
      const match = item.exec(token);
      if (!match) throw new TypeError(`cannot read start timestamp: ${token}`);
      const [, first = "0", sign, step = "0", count = "0"] = match;
      const increment = milliseconds(step) * (sign === "-" ? -1 : 1);
      return Array.from({ length: Number(count) + 1 }, (_, i) => milliseconds(first) + i * increment);
    });
}

function milliseconds(text: string): number {
  const digits = text.replace(/^[+-]/, "");
  const value = digits === "0" ? 0 : (findDuration(digits) ?? Number.NaN);
  return text.startsWith("-") ? -value : value;
}
