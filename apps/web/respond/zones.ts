/** Wall time of a zone as if it were UTC: for laying out days and hours. */
export function wallOf(at: number, zone: string): number {
  return at + offsetOf(at, zone);
}

/** The moment at which the zone's clocks show this wall time; where they show it twice, the first. */
export function momentOf(wall: number, zone: string): number {
  const guess = wall - offsetOf(wall, zone);
  const second = wall - offsetOf(guess, zone);
  return offsetOf(second, zone) === offsetOf(guess, zone) ? second : Math.max(guess, second);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetOf(at: number, zone: string): number {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const [, sign = "+", hours = "0", minutes = "0"] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

const dayMs = 86_400_000;

/** Wall time at which a day begins. */
export const startOfDay = (wall: number): number => Math.floor(wall / dayMs) * dayMs;

/** Of the Monday of that week. */
export const startOfWeek = (wall: number): number => {
  const day = startOfDay(wall);
  return day - ((new Date(day).getUTCDay() + 6) % 7) * dayMs;
};

/** Weeks of the month in which `wall` lies, from Monday on: each a row of seven days. */
export function weeksOfMonth(wall: number): number[] {
  const date = new Date(wall);
  const first = startOfWeek(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const weeks: number[] = [];
  for (let week = first; week < next; week += 7 * dayMs) weeks.push(week);
  return weeks;
}

export function addMonths(wall: number, months: number): number {
  const date = new Date(wall);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
}

/** As much of a stretch as lies in a row, in shares of it; undefined where none does. */
export function shareOf(
  { from, to }: { from: number; to: number },
  row: { from: number; to: number },
): { left: number; width: number } | undefined {
  const [begin, end] = [Math.max(from, row.from), Math.min(to, row.to)];
  if (begin >= end) return undefined;
  const length = row.to - row.from;
  return { left: (begin - row.from) / length, width: (end - begin) / length };
}
