/** When something is checked or told: hours of weekdays, and days that differ from their weekday. */
export interface TimePeriod {
  name: string;
  /** `monday` → `08:00-12:00,13:00-17:00`; dates as Nagios and Icinga write them: `december 25`, `2026-12-24 - 2027-01-02`. */
  days: ReadonlyMap<string, string>;
  /** Periods of whose times nothing counts. */
  excludes: readonly TimePeriod[];
}

/** As a route's `activeIn` and `muteIn` have it. */
export interface Times {
  weekdays?: string[];
  daysOfMonth?: string[];
  months?: string[];
  years?: string[];
  times?: { start: string; end: string }[];
}

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const months = [
  ...["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"],
  ...["november", "december"],
];
const dayMinutes = 24 * 60;

/** Whether it is less than always. */
export const isLimited = (period: TimePeriod | undefined): period is TimePeriod =>
  period !== undefined &&
  (period.excludes.length > 0 ||
    !weekdays.every((day) => hoursOf(period.days.get(day) ?? "").join() === "0,1440"));

/** When something is told in a period. What no route can say is told to `note` and left out. */
export function intervalsOf(
  period: TimePeriod,
  note: (text: string) => void,
): { activeIn: Times[]; muteIn: Times[] } {
  const activeIn = weekly(period);
  const muteIn: Times[] = [];
  let isWhole = true;
  for (const [day, hours] of period.days) {
    if (weekdays.includes(day)) continue;
    const on = datesOf(day);
    if (!on) {
      note(`Time period "${period.name}": "${day}" is a day that no route can say, and is left out`);
      isWhole = false;
      continue;
    }
    const within = hoursOf(hours);
    if (within.length > 0) activeIn.push({ ...on, times: within.map(written) });
    const without = complement(within, dayMinutes);
    if (without.length > 0) muteIn.push({ ...on, times: without.map(written) });
  }
  for (const other of period.excludes) {
    muteIn.push(...weekly(other));
    for (const day of other.days.keys())
      if (!weekdays.includes(day)) {
        const on = datesOf(day);
        const without = hoursOf(other.days.get(day) ?? "");
        if (on && without.length > 0) muteIn.push({ ...on, times: without.map(written) });
        if (!on)
          note(`Time period "${other.name}": "${day}" is a day that no route can say, and is left out`);
      }
  }
  // A route that is active at no time at all: an hour of no length is none, so every day is muted.
  // Where its times are merely not known here, somebody is told rather than nobody.
  if (activeIn.length === 0 && isWhole) muteIn.push({ weekdays: [...weekdays] });
  if (activeIn.length === 0 && !isWhole)
    note(`Time period "${period.name}": none of its times can be carried, so it is told at any time`);
  return { activeIn, muteIn };
}

/** Weekdays with the same hours are one. */
function weekly({ days }: TimePeriod): Times[] {
  const byHours = Map.groupBy(
    weekdays.filter((day) => hoursOf(days.get(day) ?? "").length > 0),
    (day) => hoursOf(days.get(day) ?? "").join(";"),
  );
  return [...byHours.values()].map((same) => ({
    weekdays: same,
    times: hoursOf(days.get(same[0] ?? "") ?? "").map(written),
  }));
}

/** When a weekly period is not: begins as cron has them, and how long. */
export function pausesOf(
  period: TimePeriod,
  note: (text: string) => void,
): { schedule: string; for: string }[] {
  const open = (one: TimePeriod): Span[] =>
    weekdays.flatMap((day, at) =>
      hoursOf(one.days.get(day) ?? "").map(
        ([from, to]): Span => [at * dayMinutes + from, at * dayMinutes + to],
      ),
    );
  for (const day of [...period.days.keys(), ...period.excludes.flatMap(({ days }) => [...days.keys()])])
    if (!weekdays.includes(day))
      note(`Check period "${period.name}": "${day}" is left out; add a window to its maintenance`);
  if (open(period).length === 0 && period.days.size > 0) {
    note(`Check period "${period.name}": none of its times can be carried, so it is told at any time`);
    return [];
  }
  const shut = merged([
    ...complement(merged(open(period)), 7 * dayMinutes),
    ...period.excludes.flatMap(open),
  ]);
  // What ends with Saturday and what begins with Sunday is one.
  const [first] = shut;
  const last = shut.at(-1);
  const isOverEdge = first && last && shut.length > 1 && first[0] === 0 && last[1] === 7 * dayMinutes;
  const spans = isOverEdge ? [...shut.slice(1, -1), [last[0], last[1] + first[1]] satisfies Span] : shut;
  const same = Map.groupBy(spans, ([from, to]) => `${from % dayMinutes} ${to - from}`);
  return [...same.values()].map((alike) => {
    const [from, to] = alike[0] ?? [0, 0];
    const days = alike.map(([begin]) => weekdays[Math.floor(begin / dayMinutes)]?.slice(0, 3));
    const minute = from % dayMinutes;
    return {
      schedule: `${minute % 60} ${Math.floor(minute / 60)} * * ${days.length === 7 ? "*" : days.join(",")}`,
      for: lengthOf(to - from),
    };
  });
}

/** Minutes from the first up to the second. */
type Span = [from: number, to: number];

function hoursOf(text: string): Span[] {
  const spans = [...text.matchAll(/(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})/g)].map(
    ([, a, b, c, d]): Span => [Number(a) * 60 + Number(b), Number(c) * 60 + Number(d)],
  );
  return merged(spans.filter(([from, to]) => from < to && to <= dayMinutes));
}

function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const before = all.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else all.push([from, to]);
  }
  return all;
}

function complement(spans: readonly Span[], end: number): Span[] {
  const edges = [0, ...spans.flat(), end];
  return edges.flatMap((from, at): Span[] => {
    const to = edges[at + 1];
    return at % 2 === 0 && to !== undefined && from < to ? [[from, to]] : [];
  });
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const written = ([from, to]: Span) => ({ start: clock(from), end: clock(to) });
const lengthOf = (minutes: number): string =>
  [
    [Math.floor(minutes / dayMinutes), "d"],
    [Math.floor((minutes % dayMinutes) / 60), "h"],
    [minutes % 60, "m"],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");

/** A day or days by date. Undefined for those that are counted (`monday 3`, `/ 2`) or reach over a month's end. */
function datesOf(text: string): Times | undefined {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, " ");
  const date = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: - (\d{4})-(\d{1,2})-(\d{1,2}))?$/.exec(words);
  if (date) {
    const [, year = "", month = "", day = "", toYear = year, toMonth = month, toDay = day] = date;
    if (toYear !== year || Number(toMonth) !== Number(month)) return undefined;
    return { years: [year], months: [String(Number(month))], daysOfMonth: [daysText(day, toDay)] };
  }
  const named = /^([a-z]+) (-?\d{1,2})(?: - (?:([a-z]+) )?(-?\d{1,2}))?$/.exec(words);
  if (!named) return undefined;
  const [, name = "", day = "", toName = name, toDay = day] = named;
  if (toName !== name) return undefined;
  if (name === "day") return { daysOfMonth: [daysText(day, toDay)] };
  return months.includes(name) ? { months: [name], daysOfMonth: [daysText(day, toDay)] } : undefined;
}

const daysText = (from: string, to: string): string =>
  Number(from) === Number(to) ? String(Number(from)) : `${Number(from)}:${Number(to)}`;
