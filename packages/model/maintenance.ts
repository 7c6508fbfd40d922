import { z } from "zod";
import { addressSchema } from "./address.ts";
import { findDuration } from "./duration.ts";
import { parseRecurrenceRule, recurrencesBetween } from "./recurrence.ts";
import { isZone } from "./routing.ts";
import { offsetOf, parseWall } from "./wall.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const longestMs = 7 * dayMs;
/** A window that does not come within ten years does not come. */
const lookAheadMs = 3653 * dayMs;
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Minute, hour, day of the month, month, weekday: smallest, largest, names of the values from the smallest on. */
const fields = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: months },
  { least: 0, most: 7, names: weekdays },
] as const;

const common = {
  for: z
    .string()
    .refine((text) => (findDuration(text) ?? 0) >= minuteMs && (findDuration(text) ?? 0) <= longestMs, {
      message: 'expected a duration from 1m to 7d, such as "4h"',
    })
    .describe("how long it is open"),
  zone: z.string().refine(isZone, "expected an IANA time zone such as Europe/Oslo").default("UTC"),
  reason: z.string().max(500).optional(),
};

const cronWindow = z.strictObject({
  schedule: z
    .string()
    .refine((text) => parseSchedule(text) !== undefined, {
      message:
        'expected when it begins as cron has it (minute hour day month weekday), such as "0 2 * * sat"',
    })
    .describe("when it begins"),
  ...common,
});

const wallTime = z
  .string()
  .refine((text) => parseWall(text) !== undefined, 'expected a local time such as "2026-11-28T02:00"');

const recurringWindow = z.strictObject({
  rrule: z
    .string()
    .max(500)
    .superRefine((text, context) => {
      try {
        parseRecurrenceRule(text);
      } catch (cause) {
        context.addIssue({ code: "custom", message: cause instanceof Error ? cause.message : String(cause) });
      }
    })
    .describe("when it comes again, as RRULE of RFC 5545 has it"),
  from: wallTime.describe("the first begin in the zone's wall time; gives the time of day"),
  except: z
    .array(wallTime)
    .max(1000)
    .optional()
    .describe("begins that are left out; a date alone: all of that day"),
  ...common,
});

/** A time that comes again and again, during which agents mend nothing and nobody is told of alerts. */
export const maintenanceWindow = z.union([recurringWindow, cronWindow]);
export type MaintenanceWindow = z.infer<typeof maintenanceWindow>;

/** Type `maintenance`: when nothing is mended and nobody told in these places. */
export const maintenanceProperties = z.strictObject({
  windows: z.array(maintenanceWindow).min(1).max(50),
  of: z
    .array(addressSchema)
    .min(1)
    .optional()
    .describe("hosts, services and checks, with all that is on them; all of the environment where left out"),
  match: z
    .array(z.string().max(1000))
    .max(50)
    .default([])
    .describe("matchers of alerts: only those are held, and agents mend as ever"),
  reason: z.string().min(1).max(500),
});
export type MaintenanceProperties = z.infer<typeof maintenanceProperties>;

/** Maintenance that somebody began by hand. Times are milliseconds since the epoch. */
export const pauseSchema = z.strictObject({
  id: z.string(),
  from: z.number(),
  until: z.number(),
  reason: z.string(),
  actor: z.string(),
});
export type Pause = z.infer<typeof pauseSchema>;

/** Why nothing is mended at `at`, for people; undefined where nothing holds it up. */
export function findPause(
  at: number,
  { windows, pauses }: { windows: readonly MaintenanceWindow[]; pauses: readonly Pause[] },
): string | undefined {
  const pause = pauses.find(({ from, until }) => from <= at && at < until);
  if (pause) return `maintenance of ${pause.actor}: ${pause.reason}`;
  const open = windows.find((window) => isOpen(window, at));
  return open && `maintenance window ${formatWindow(open)}${open.reason ? `: ${open.reason}` : ""}`;
}

/** `"0 2 * * sat" Europe/Oslo`, for people. */
export const formatWindow = (window: MaintenanceWindow): string =>
  "rrule" in window
    ? `"${window.rrule}" from ${window.from} ${window.zone}`
    : `"${window.schedule}" ${window.zone}`;

/** Until when the window is open at `at`; undefined where it is not. */
export function openUntil(window: MaintenanceWindow, at: number): number | undefined {
  const length = findDuration(window.for) ?? 0;
  const begins = beginsBetween(window, { from: at - length + 1, to: at + 1 });
  const last = begins.at(-1);
  return last === undefined ? undefined : last + length;
}

/** When it is open from `at` on, one that is open already included. */
export function nextOpenings(
  window: MaintenanceWindow,
  at: number,
  most: number,
): { from: number; until: number }[] {
  const length = findDuration(window.for) ?? 0;
  const horizon = { from: at - length + 1, to: at + lookAheadMs, most };
  return beginsBetween(window, horizon).map((from) => ({ from, until: from + length }));
}

/** Says of moments from `from` to `to` whether the window is open then: its begins are found once for all of them. */
export function openingsWithin(
  window: MaintenanceWindow,
  { from, to }: { from: number; to: number },
): (at: number) => boolean {
  const length = findDuration(window.for) ?? 0;
  const begins = beginsBetween(window, { from: from - length + 1, to: to + 1 });
  return (at) => {
    let [low, high] = [0, begins.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((begins[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    const last = begins[low - 1];
    return last !== undefined && at < last + length;
  };
}

interface Span {
  from: number;
  to: number;
  most?: number;
}

/** When it begins, from `from` on and before `to`, ascending. Milliseconds since the epoch. */
function beginsBetween(window: MaintenanceWindow, span: Span): number[] {
  if (!("rrule" in window)) return cronBegins(window, span);
  const start = parseWall(window.from) ?? 0;
  const timeOfDay = start % dayMs;
  const except = (window.except ?? []).map((text) => {
    const wall = parseWall(text) ?? 0;
    return text.includes("T") ? wall : wall + timeOfDay;
  });
  const rule = parseRecurrenceRule(window.rrule);
  return recurrencesBetween({ rule, start, zone: window.zone, except }, span);
}

/** Minute by minute, but days on which it cannot be are passed over. */
function cronBegins({ schedule: text, zone }: { schedule: string; zone: string }, span: Span): number[] {
  const schedule = parseSchedule(text);
  const found: number[] = [];
  const most = span.most ?? Number.POSITIVE_INFINITY;
  if (!schedule) return found;
  const begins = beginsAt(schedule, zone);
  let at = Math.ceil(span.from / minuteMs) * minuteMs;
  while (at < span.to && found.length < most) {
    // A day's wall times lie within a day and a half around it, whatever the zone.
    const noon = Math.floor(at / dayMs) * dayMs + dayMs / 2;
    if (at % dayMs === 0 && ![-dayMs, 0, dayMs].some((by) => isOnDay(schedule, noon + by))) {
      at += dayMs;
      continue;
    }
    if (begins(at)) found.push(at);
    at += minuteMs;
  }
  return found;
}

/** Whether the window is open at `at`: whether it began at a minute less than its length ago. */
export function isOpen(window: MaintenanceWindow, at: number): boolean {
  if ("rrule" in window) return openUntil(window, at) !== undefined;
  const schedule = parseSchedule(window.schedule);
  const length = findDuration(window.for) ?? 0;
  if (!schedule) return false;
  const begins = beginsAt(schedule, window.zone);
  for (let start = Math.floor(at / minuteMs) * minuteMs; start > at - length; start -= minuteMs)
    if (begins(start)) return true;
  return false;
}

/** Says of whole minutes whether it begins in them. Zones are asked once a quarter of an hour, not at each minute. */
function beginsAt(schedule: Schedule, zone: string): (minute: number) => boolean {
  const offsets = new Map<number, number>();
  const local = (time: number): number => {
    // Zones change at whole quarters of an hour.
    const block = Math.floor(time / (15 * minuteMs));
    const known = offsets.get(block) ?? offsetOf(zone, block * 15 * minuteMs);
    offsets.set(block, known);
    return time + known;
  };
  return (start) => {
    const to = local(start);
    // Where clocks go forward, what would begin in the hour that is left out begins at its end.
    for (let wall = Math.min(local(start - minuteMs) + minuteMs, to); wall <= to; wall += minuteMs)
      if (matches(schedule, wall)) return true;
    return false;
  };
}

/** Minute, hour, day of the month, month, weekday, as in a crontab. */
export const isCron = (text: string): boolean => parseSchedule(text) !== undefined;

/** Whether what comes again and again at `schedule` begins in the minute of `at`. */
export const beginsIn = (at: number, { schedule, zone }: { schedule: string; zone: string }): boolean =>
  isOpen({ schedule, zone, for: "1m" }, Math.floor(at / minuteMs) * minuteMs);

interface Schedule {
  values: Set<number>[];
  anyDay: boolean;
  anyWeekday: boolean;
}

/** As crontab(5): where day and weekday are both given, one of them is enough. */
function matches({ values, anyDay, anyWeekday }: Schedule, wall: number): boolean {
  const time = new Date(wall);
  const [minutes, hours] = values;
  if (!minutes?.has(time.getUTCMinutes()) || !hours?.has(time.getUTCHours())) return false;
  return isOnDay({ values, anyDay, anyWeekday }, wall);
}

function isOnDay({ values, anyDay, anyWeekday }: Schedule, wall: number): boolean {
  const time = new Date(wall);
  const [, , days, inMonths, onWeekdays] = values;
  if (!inMonths?.has(time.getUTCMonth() + 1)) return false;
  const day = days?.has(time.getUTCDate()) === true;
  const weekday = onWeekdays?.has(time.getUTCDay()) === true;
  return anyDay || anyWeekday ? day && weekday : day || weekday;
}

function parseSchedule(text: string): Schedule | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) return undefined;
  const values = fields.map((field, index) => parseField(parts[index] ?? "", field));
  if (values.some((set) => set === undefined)) return undefined;
  return {
    values: values.map((set) => set ?? new Set()),
    anyDay: parts[2]?.startsWith("*") === true,
    anyWeekday: parts[4]?.startsWith("*") === true,
  };
}

function parseField(text: string, field: (typeof fields)[number]): Set<number> | undefined {
  const found = new Set<number>();
  for (const item of text.split(",")) {
    const [, range = "", step = "1"] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
    const [first, last, ...more] = range.split("-");
    const from = range === "*" ? field.least : parseValue(first ?? "", field);
    const to = range === "*" ? field.most : last === undefined ? from : parseValue(last, field);
    if (from === undefined || to === undefined || from > to || more.length > 0 || Number(step) < 1)
      return undefined;
    // Sunday is 0 and 7.
    for (let value = from; value <= to; value += Number(step))
      found.add(field.most === 7 && value === 7 ? 0 : value);
  }
  return found;
}

function parseValue(text: string, { least, most, names }: (typeof fields)[number]): number | undefined {
  const named = (names as readonly string[]).indexOf(text.toLowerCase());
  const value = named >= 0 ? named + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
