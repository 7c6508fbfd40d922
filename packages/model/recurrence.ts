import { instantOf, parseWall } from "./wall.ts";

/**
 * RRULE of RFC 5545, as far as maintenance needs it: FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), INTERVAL, BYDAY, BYMONTHDAY,
 * BYMONTH, BYSETPOS, COUNT, UNTIL and WKST, in wall time of an IANA zone.
 */
export interface RecurrenceRule {
  frequency: "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";
  interval: number;
  /** Monday is 0; `nth` counts within the month or year, from its end where negative. */
  byDay: readonly { weekday: number; nth?: number | undefined }[];
  byMonthDay: readonly number[];
  byMonth: readonly number[];
  bySetPosition: readonly number[];
  count?: number | undefined;
  /** Milliseconds: of the zone's wall time as if it were UTC, or since the epoch. The last one may be then. */
  until?: { wall: number } | { at: number } | undefined;
  /** First day of a week; Monday is 0. */
  weekStart: number;
}

export interface Recurrence {
  rule: RecurrenceRule;
  /** Wall time as if it were UTC: gives the time of day, and nothing is before it. */
  start: number;
  zone: string;
  /** Wall times as if they were UTC. */
  except: readonly number[];
}

const dayMs = 86_400_000;
const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const largestCount = 10_000;

/** Throws a RangeError, for people, for what cannot be read or is not known here. */
export function parseRecurrenceRule(text: string): RecurrenceRule {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, "")
    .split(";")) {
    const [name = "", value = "", ...more] = part.split("=");
    const key = name.trim().toUpperCase();
    if (value === "" || more.length > 0) throw new RangeError(`"${part}" is no part of an RRULE`);
    if (parts.has(key)) throw new RangeError(`${key} is given twice`);
    parts.set(key, value.trim().toUpperCase());
  }
  const rule = readParts(parts);
  checkTogether(rule, parts);
  return rule;
}

function readParts(parts: ReadonlyMap<string, string>): RecurrenceRule {
  const frequency = frequencies.find((one) => one === parts.get("FREQ"));
  if (!frequency) throw new RangeError("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY");
  const known = [
    ...["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST"],
  ];
  for (const name of parts.keys())
    if (!known.includes(name)) throw new RangeError(`${name} is not known here: ${known.join(", ")} are`);
  const list = (name: string) => parts.get(name)?.split(",") ?? [];
  const numbers = (name: string, most: number, least = -most) =>
    list(name).map((one) => whole(name, one, { least, most }));
  const count = parts.get("COUNT");
  const until = parts.get("UNTIL");
  return {
    frequency,
    interval: whole("INTERVAL", parts.get("INTERVAL") ?? "1", { least: 1, most: 1000 }),
    byDay: list("BYDAY").map(readDay),
    byMonthDay: numbers("BYMONTHDAY", 31),
    byMonth: numbers("BYMONTH", 12, 1),
    bySetPosition: numbers("BYSETPOS", 366),
    ...(count !== undefined && { count: whole("COUNT", count, { least: 1, most: largestCount }) }),
    ...(until !== undefined && { until: readUntil(until) }),
    weekStart: readDay(parts.get("WKST") ?? "MO").weekday,
  };
}

const frequencies = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] as const;

function checkTogether(rule: RecurrenceRule, parts: ReadonlyMap<string, string>): void {
  const { frequency, byDay, byMonthDay, bySetPosition } = rule;
  if (rule.count !== undefined && rule.until !== undefined)
    throw new RangeError("COUNT and UNTIL exclude each other");
  if (frequency === "WEEKLY" && byMonthDay.length > 0)
    throw new RangeError("BYMONTHDAY cannot be used with FREQ=WEEKLY");
  if (byDay.some(({ nth }) => nth !== undefined) && frequency !== "MONTHLY" && frequency !== "YEARLY")
    throw new RangeError("BYDAY counts days, such as 2TU, only with FREQ=MONTHLY or YEARLY");
  if (bySetPosition.length > 0 && !["BYDAY", "BYMONTHDAY", "BYMONTH"].some((name) => parts.has(name)))
    throw new RangeError("BYSETPOS picks from what BYDAY, BYMONTHDAY or BYMONTH give: none is there");
}

function whole(name: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most) || value === 0)
    throw new RangeError(`${name}=${text} is no number from ${least} to ${most}`);
  return value;
}

function readDay(text: string): { weekday: number; nth?: number } {
  const [, nth, name = ""] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(text) ?? [];
  const weekday = weekdays.indexOf(name);
  if (weekday < 0)
    throw new RangeError(`"${text}" is no day: write MO, TU, WE, TH, FR, SA, SU, or 2TU, -1FR`);
  return nth === undefined ? { weekday } : { weekday, nth: whole("BYDAY", nth, { least: -53, most: 53 }) };
}

function readUntil(text: string): { wall: number } | { at: number } {
  const utc = text.endsWith("Z");
  const wall = parseWall(utc ? text.slice(0, -1) : text);
  if (wall === undefined)
    throw new RangeError(`UNTIL=${text} is no time: write 20261231T235959Z or 20261231`);
  if (utc) return { at: wall };
  // A date alone: all of that day.
  return { wall: /T/.test(text) ? wall : wall + dayMs - 1 };
}

/**
 * When it begins, in milliseconds since the epoch, ascending, from `from` on and before `to`; `most` of them. A start that
 * the rule itself does not give is none.
 */
export function recurrencesBetween(
  recurrence: Recurrence,
  { from, to, most = largestCount }: { from: number; to: number; most?: number },
): number[] {
  const { rule, start, zone } = recurrence;
  const found: number[] = [];
  const except = new Set(recurrence.except);
  const timeOfDay = start - dayOf(start) * dayMs;
  // What COUNT counts must be counted from the beginning; otherwise all before `from` is passed over.
  const first = rule.count === undefined ? Math.max(0, periodAt(rule, start, from - 3 * dayMs)) : 0;
  // Whatever the zone, all that follows is later than `to`.
  const last = periodAt(rule, start, to + 3 * dayMs);
  let counted = 0;
  for (let period = first; period <= last; period++) {
    for (const day of daysOf(rule, start, period)) {
      const wall = day * dayMs + timeOfDay;
      if (wall < start) continue;
      if (rule.until && "wall" in rule.until && wall > rule.until.wall) return found;
      // Long before: only counted, for asking the zone of ten thousand days takes its time.
      if (rule.count !== undefined && wall < from - 3 * dayMs) {
        counted += 1;
        if (counted >= rule.count) return found;
        continue;
      }
      const at = instantOf(zone, wall);
      if (rule.until && "at" in rule.until && at > rule.until.at) return found;
      counted += 1;
      if (rule.count !== undefined && counted > rule.count) return found;
      if (at >= from && at < to && !except.has(wall)) found.push(at);
      if (found.length >= most) return found;
    }
  }
  return found;
}

const dayOf = (wall: number) => Math.floor(wall / dayMs);
const dateOf = (day: number) => new Date(day * dayMs);
const monthOf = (day: number) => dateOf(day).getUTCFullYear() * 12 + dateOf(day).getUTCMonth();
/** Monday is 0; 1 January 1970 was a Thursday. */
const weekdayOf = (day: number) => (((day + 3) % 7) + 7) % 7;
const weekBegin = (day: number, weekStart: number) => day - ((weekdayOf(day) - weekStart + 7) % 7);
const firstOfMonth = (month: number) => Date.UTC(Math.floor(month / 12), month % 12, 1) / dayMs;

/** Number of the period in which `wall` is, counted in intervals from the one of `start`; rounded down. */
function periodAt({ frequency, interval, weekStart }: RecurrenceRule, start: number, wall: number): number {
  const [begin, day] = [dayOf(start), dayOf(wall)];
  const apart = {
    DAILY: () => day - begin,
    WEEKLY: () => (weekBegin(day, weekStart) - weekBegin(begin, weekStart)) / 7,
    MONTHLY: () => monthOf(day) - monthOf(begin),
    YEARLY: () => Math.floor(monthOf(day) / 12) - Math.floor(monthOf(begin) / 12),
  }[frequency]();
  return Math.floor(apart / interval);
}

/** The days of a period on which it happens, ascending. */
function daysOf(rule: RecurrenceRule, start: number, period: number): number[] {
  const { frequency, interval, weekStart, bySetPosition } = rule;
  const begin = dayOf(start);
  const step = period * interval;
  const days = {
    DAILY: () => limited(rule, [begin + step]),
    WEEKLY: () => {
      const week = weekBegin(begin, weekStart) + step * 7;
      const wanted = rule.byDay.length > 0 ? rule.byDay : [{ weekday: weekdayOf(begin) }];
      const all = Array.from({ length: 7 }, (_, index) => week + index);
      return limited({ ...rule, byDay: [] }, all).filter((day) =>
        wanted.some(({ weekday }) => weekday === weekdayOf(day)),
      );
    },
    MONTHLY: () => {
      const month = monthOf(begin) + step;
      return allowsMonth(rule, month) ? daysOfMonth(rule, month, begin) : [];
    },
    YEARLY: () => daysOfYear(rule, Math.floor(monthOf(begin) / 12) + step, begin),
  }[frequency]();
  if (bySetPosition.length === 0) return days;
  const picked = bySetPosition.flatMap((at) => days.at(at > 0 ? at - 1 : at) ?? []);
  return [...new Set(picked)].sort((one, other) => one - other);
}

const allowsMonth = ({ byMonth }: RecurrenceRule, month: number) =>
  byMonth.length === 0 || byMonth.includes((month % 12) + 1);

const isMonthDay = (day: number, wanted: readonly number[]): boolean => {
  const month = monthOf(day);
  const [first, next] = [firstOfMonth(month), firstOfMonth(month + 1)];
  return wanted.some((one) => (one > 0 ? first + one - 1 : next + one) === day);
};

/** Of a daily rule: what is left of these days. */
const limited = (rule: RecurrenceRule, days: readonly number[]): number[] =>
  days.filter(
    (day) =>
      allowsMonth(rule, monthOf(day)) &&
      (rule.byMonthDay.length === 0 || isMonthDay(day, rule.byMonthDay)) &&
      (rule.byDay.length === 0 || rule.byDay.some(({ weekday }) => weekday === weekdayOf(day))),
  );

function daysOfMonth(rule: RecurrenceRule, month: number, begin: number): number[] {
  const first = firstOfMonth(month);
  const all = Array.from({ length: firstOfMonth(month + 1) - first }, (_, index) => first + index);
  return chosen(rule, all, begin);
}

/** Days that BYMONTHDAY and BYDAY pick, or that of the start. Counted days count within `all`. */
function chosen({ byDay, byMonthDay }: RecurrenceRule, all: readonly number[], begin: number): number[] {
  if (byDay.length === 0 && byMonthDay.length === 0) {
    const date = dateOf(begin).getUTCDate();
    return all.filter((day) => dateOf(day).getUTCDate() === date);
  }
  const onDays = new Set(
    byDay.flatMap(({ weekday, nth }) => {
      const same = all.filter((day) => weekdayOf(day) === weekday);
      return nth === undefined ? same : (same.at(nth > 0 ? nth - 1 : nth) ?? []);
    }),
  );
  return all.filter(
    (day) =>
      (byMonthDay.length === 0 || isMonthDay(day, byMonthDay)) && (byDay.length === 0 || onDays.has(day)),
  );
}

function daysOfYear(rule: RecurrenceRule, year: number, begin: number): number[] {
  const months = Array.from({ length: 12 }, (_, index) => year * 12 + index);
  const { byDay, byMonthDay, byMonth } = rule;
  if (byMonth.length === 0 && byDay.length === 0 && byMonthDay.length === 0) {
    const month = dateOf(begin).getUTCMonth();
    return daysOfMonth(rule, year * 12 + month, begin);
  }
  // Counted days count within the year, unless months are named.
  if (byDay.length > 0 && byMonth.length === 0) {
    const first = firstOfMonth(year * 12);
    const all = Array.from({ length: firstOfMonth(year * 12 + 12) - first }, (_, index) => first + index);
    return chosen(rule, all, begin);
  }
  return months
    .filter((month) => allowsMonth(rule, month))
    .flatMap((month) => daysOfMonth(rule, month, begin));
}
