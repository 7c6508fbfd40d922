const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What is added to a time in UTC for that of an IANA zone, in milliseconds. */
export function offsetOf(zone: string, at: number): number {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const [, sign = "+", hours = "0", minutes = "0"] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs;
}

/**
 * When it is this wall time in a zone (given as if it were UTC). A time that comes twice is the first one; one that clocks
 * leave out is meant as before they were changed, so 02:30 is 03:30 (RFC 5545, 3.3.5).
 */
export function instantOf(zone: string, wall: number): number {
  const [before, after] = [offsetOf(zone, wall - dayMs), offsetOf(zone, wall + dayMs)];
  const found = [before, after].map((offset) => ({ at: wall - offset, offset }));
  const real = found.filter(({ at, offset }) => offsetOf(zone, at) === offset).map(({ at }) => at);
  return real.length > 0 ? Math.min(...real) : wall - before;
}

const pattern = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d))?)?$/;

/** `2026-11-28T02:00`, `20261128T020000` or a date alone, as if it were UTC; undefined for what is no such time. */
export function parseWall(text: string): number | undefined {
  const [, year, month, day, hour = 0, minute = 0, second = 0] = (pattern.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const [hours, minutes, seconds] = [hour || 0, minute || 0, second || 0];
  const at = Date.UTC(year, month - 1, day, hours, minutes, seconds);
  const real = new Date(at);
  // 31 February would become March.
  const same = real.getUTCMonth() === month - 1 && real.getUTCDate() === day;
  return same && hours < 24 && minutes < 60 && seconds < 60 ? at : undefined;
}
