/**
 * When something is muted or active, as Alertmanager's time intervals: every field that is given must hold; within a
 * field any range is enough. Wall time of an IANA zone, UTC where none is named.
 */
export interface TimeInterval {
  /** `start` inclusive, `end` exclusive, as `HH:MM`; `24:00` is the end of the day. */
  times?: readonly { start: string; end: string }[] | undefined;
  /** `monday`, `monday:friday`. */
  weekdays?: readonly string[] | undefined;
  /** `1`, `1:7`, `-1` (the last day), `-3:-1`. */
  daysOfMonth?: readonly string[] | undefined;
  /** `january`, `1`, `6:8`, `june:august`. */
  months?: readonly string[] | undefined;
  /** `2027`, `2027:2030`. */
  years?: readonly string[] | undefined;
  zone?: string | undefined;
}

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const months = [
  ...["january", "february", "march", "april", "may", "june", "july"],
  ...["august", "september", "october", "november", "december"],
];

/** Why an interval cannot be read; undefined for a good one. */
export function intervalFault(interval: TimeInterval): string | undefined {
  try {
    covers(interval, 0);
    for (const text of interval.weekdays ?? []) range(text, weekdayOf);
    for (const text of interval.daysOfMonth ?? []) range(text, number(-31, 31));
    for (const text of interval.months ?? []) range(text, monthOf);
    for (const text of interval.years ?? []) range(text, number(1970, 9999));
    for (const { start, end } of interval.times ?? [])
      if (minutesOf(start) >= minutesOf(end)) return `${start} is not before ${end}: write two ranges`;
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Whether `at` (milliseconds since the epoch) lies within it. Throws a RangeError for what cannot be read. */
export function covers(interval: TimeInterval, at: number): boolean {
  const wall = wallTime(at, interval.zone ?? "UTC");
  const minute = wall.hour * 60 + wall.minute;
  return (
    some(interval.times, ({ start, end }) => minute >= minutesOf(start) && minute < minutesOf(end)) &&
    some(interval.weekdays, (text) => within(wall.weekday, range(text, weekdayOf))) &&
    some(interval.daysOfMonth, (text) => coversDay(text, wall)) &&
    some(interval.months, (text) => within(wall.month, range(text, monthOf))) &&
    some(interval.years, (text) => within(wall.year, range(text, number(1970, 9999))))
  );
}

const some = <T>(list: readonly T[] | undefined, holds: (one: T) => boolean): boolean =>
  list === undefined || list.length === 0 || list.some(holds);
const within = (value: number, [from, to]: readonly [number, number]) => value >= from && value <= to;

interface WallTime {
  year: number;
  month: number;
  day: number;
  weekday: number;
  hour: number;
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallTime(at: number, zone: string): WallTime {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
      timeZone: zone,
      hourCycle: "h23",
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
  return { year, month, day, hour, minute, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() };
}

/** Days counted from the month's end are negative; both ends are held within the month. */
function coversDay(text: string, { year, month, day }: WallTime): boolean {
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const [from, to] = range(text, number(-31, 31)).map((n) => (n < 0 ? days + n + 1 : n));
  return from !== undefined && to !== undefined && from <= days && within(day, [Math.max(from, 1), to]);
}

function minutesOf(text: string): number {
  const found = /^(\d\d):(\d\d)$/.exec(text);
  const minutes = found ? Number(found[1]) * 60 + Number(found[2]) : Number.NaN;
  if (!(minutes <= 1440) || Number(found?.[2]) > 59)
    throw new RangeError(`"${text}" is no time of day: write "09:30"`);
  return minutes;
}

function range(text: string, parse: (part: string) => number): readonly [number, number] {
  const [from = "", to = from, ...more] = text.toLowerCase().split(":");
  if (more.length > 0) throw new RangeError(`"${text}" is no range: write "from:to"`);
  return [parse(from), parse(to)];
}

function weekdayOf(name: string): number {
  const index = weekdays.indexOf(name);
  if (index < 0) throw new RangeError(`"${name}" is no day of the week: write "monday"`);
  return index;
}

function monthOf(name: string): number {
  const index = months.indexOf(name);
  return index >= 0 ? index + 1 : number(1, 12)(name);
}

const number =
  (from: number, to: number) =>
  (text: string): number => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= from && value <= to) || value === 0)
      throw new RangeError(`"${text}" is no number from ${from} to ${to}`);
    return value;
  };
