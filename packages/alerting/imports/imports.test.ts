import assert from "node:assert/strict";
import { test } from "node:test";
import { isOpen, maintenanceWindow } from "@havn/model";
import { covers, type TimeInterval } from "../routing/intervals.ts";
import { intervalsOf, isLimited, pausesOf, type TimePeriod } from "./periods.ts";
import { levelsOf } from "./telling.ts";

const insideAny = (intervals: readonly TimeInterval[], at: number): boolean =>
  intervals.some((interval) => covers(interval, at));
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const period = (days: Record<string, string>, excludes: TimePeriod[] = []): TimePeriod => ({
  ...{ name: "p", days: new Map(Object.entries(days)), excludes },
});
const always = Object.fromEntries(weekdays.map((day) => [day, "00:00-24:00"]));
const quarterMs = 15 * 60_000;
const from = Date.parse("2026-11-22T00:00:00Z");

/** Whether the hours of a day hold a minute of it. */
const holds = (hours: string | undefined, minute: number): boolean =>
  (hours ?? "").split(",").some((span) => {
    const [a = 0, b = 0, c = 0, d = 0] = span.split(/[:-]/).map(Number);
    return hours !== undefined && a * 60 + b <= minute && minute < c * 60 + d;
  });

const periods: Record<string, TimePeriod> = {
  office: period({ monday: "08:00-12:00,13:00-17:00", tuesday: "08:00-17:00", friday: "09:15-12:45" }),
  nights: period(Object.fromEntries(weekdays.map((day) => [day, "00:00-06:00,22:00-24:00"]))),
  never: period({}),
  "over the week's end": period({ saturday: "12:00-24:00", sunday: "00:00-12:00" }),
  "all but lunch": period(always, [period({ wednesday: "12:00-13:00", sunday: "00:00-24:00" })]),
};

for (const [name, one] of Object.entries(periods))
  test(`a period by the quarter of an hour, told and not told: ${name}`, () => {
    const { activeIn, muteIn } = intervalsOf(one, assert.fail);
    const windows = pausesOf(one, assert.fail).map((window) => maintenanceWindow.parse(window));
    for (let at = from; at < from + 8 * 86_400_000; at += quarterMs) {
      const moment = new Date(at);
      const day = weekdays[moment.getUTCDay()] ?? "";
      const minute = moment.getUTCHours() * 60 + moment.getUTCMinutes();
      const expected =
        holds(one.days.get(day), minute) && !one.excludes.some(({ days }) => holds(days.get(day), minute));
      const told = (activeIn.length === 0 || insideAny(activeIn, at)) && !insideAny(muteIn, at);
      assert.equal(told, expected, `told at ${moment.toISOString()}`);
      assert.equal(
        !windows.some((window) => isOpen(window, at)),
        expected,
        `open at ${moment.toISOString()}`,
      );
    }
    assert.ok(isLimited(one));
  });

test("always is no limit", () => {
  assert.equal(isLimited(period(always)), false);
  assert.equal(isLimited(undefined), false);
});

test("days by date win over their weekday; what no route can say is told", () => {
  const notes: string[] = [];
  const dated = period({
    ...always,
    "december 25": "00:00-00:00",
    "day -1": "10:00-12:00",
    "2026-12-28 - 30": "",
    "monday 3": "00:00-24:00",
    "2026-01-01 - 2026-12-31 / 2": "00:00-24:00",
  });
  const { activeIn, muteIn } = intervalsOf(dated, (text) => notes.push(text));
  const told = (time: string) =>
    insideAny(activeIn, Date.parse(time)) && !insideAny(muteIn, Date.parse(time));
  assert.deepEqual(
    ["2026-12-24T11:00Z", "2026-12-25T11:00Z", "2026-12-31T11:00Z", "2026-12-31T13:00Z"].map(told),
    [true, false, true, false],
  );
  assert.equal(notes.length, 3);
});

test("a period of which nothing can be read silences nobody", () => {
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const counted = period({ "monday 3": "09:00-17:00" });
  assert.deepEqual(intervalsOf(counted, note), { activeIn: [], muteIn: [] });
  assert.deepEqual(pausesOf(counted, note), []);
  assert.equal(notes.filter((text) => text.includes("told at any time")).length, 2);
  assert.deepEqual(pausesOf(period({ monday: "all day" }), note), []);
});

test("who is told when becomes levels", () => {
  const ops = { people: ["ada", "bo"], begin: 0, end: undefined };
  assert.deepEqual(levelsOf([ops], 1800), [{ people: ["ada", "bo"], timeout: "30m" }]);
  assert.deepEqual(
    levelsOf(
      [ops, { people: ["cy"], begin: 3600, end: 14_400 }, { people: ["dan"], begin: 7200, end: undefined }],
      0,
    ),
    [
      { people: ["ada", "bo"], timeout: "1h" },
      { people: ["ada", "bo", "cy"], timeout: "1h" },
      { people: ["ada", "bo", "cy", "dan"], timeout: "2h" },
      { people: ["ada", "bo", "dan"], timeout: "30m" },
    ],
  );
});
