import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "@havn/testkit";
import fc from "@havn/testkit/property";
import { snapshot } from "./escalation.ts";
import { calendar } from "./ical.ts";
import { gaps, type Layer, onCallAt, type Schedule, segments, type Window } from "./schedule.ts";
import { createUncovered, gapWarnings } from "./uncovered.ts";
import { parseWall } from "./zone.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const at = (text: string) => Date.parse(text);
const base: Schedule = { name: "s", zone: "UTC", layers: [], overrides: [], swaps: [], fallback: "boss" };
const weekly = (zone: string): Schedule => ({
  ...base,
  zone,
  layers: [
    {
      name: "week",
      people: ["ada", "bo"],
      start: parseWall("2026-01-05T09:00"),
      shift: { unit: "week", count: 1 },
    },
  ],
});

test("hand-offs keep their wall time over both shifts of the clocks", () => {
  const oslo = weekly("Europe/Oslo");
  const handOffs = segments(oslo, at("2026-01-05T08:00:00Z"), at("2027-01-05T08:00:00Z")).map(
    ({ from }) => from,
  );
  const wall = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Oslo",
    weekday: "short",
    timeStyle: undefined,
    hour: "2-digit",
    minute: "2-digit",
  });
  assert.equal(handOffs.length, 53);
  for (const moment of handOffs) assert.match(wall.format(moment), /Mon.*09:00/);
});

test("override before swap before the last layer before the fallback", () => {
  const layer = (name: string, person: string, windows?: Window[]): Layer => ({
    name,
    people: [person],
    start: 0,
    shift: { unit: "week", count: 1 },
    windows,
  });
  const schedule: Schedule = {
    ...base,
    layers: [layer("low", "ada", [{ start: 0, end: 720 }]), layer("high", "bo", [{ start: 60, end: 120 }])],
    swaps: [{ id: "s1", from: 0, to: 30 * minuteMs, out: "ada", person: "cy" }],
    overrides: [{ id: "o1", from: 10 * minuteMs, to: 20 * minuteMs, person: "di" }],
  };
  const found = segments(schedule, 0, dayMs).map(
    ({ from, person, source }) => `${from / minuteMs} ${person} ${source.kind}`,
  );
  assert.deepEqual(found, [
    "0 cy swap",
    "10 di override",
    "20 cy swap",
    "30 ada layer",
    "60 bo layer",
    "120 ada layer",
    "720 boss fallback",
  ]);
  assert.deepEqual(
    gaps(schedule, 0, dayMs).map(({ from, to }) => [from, to]),
    [[720 * minuteMs, dayMs]],
  );
});

test("a shift that begins in the hour that comes twice begins the first time, and ends the last", () => {
  const window = (start: number, end: number): Schedule => ({
    ...base,
    zone: "Europe/Oslo",
    layers: [
      { name: "w", people: ["ada"], start: 0, shift: { unit: "week", count: 1 }, windows: [{ start, end }] },
    ],
  });
  const day = (schedule: Schedule, from: string) =>
    segments(schedule, at(from), at(from) + dayMs)
      .filter(({ source }) => source.kind === "layer")
      .map(({ from: begin, to }) => `${new Date(begin).toISOString()} ${new Date(to).toISOString()}`);
  // 25 October 2026: 02:00–03:00 comes twice, 00:00Z–01:00Z and 01:00Z–02:00Z.
  assert.deepEqual(day(window(150, 300), "2026-10-24T22:00:00Z"), [
    "2026-10-25T00:30:00.000Z 2026-10-25T04:00:00.000Z",
  ]);
  assert.deepEqual(day(window(60, 150), "2026-10-24T22:00:00Z"), [
    "2026-10-24T23:00:00.000Z 2026-10-25T01:30:00.000Z",
  ]);
  // 29 March 2026: 02:00–03:00 is left out at 01:00Z.
  assert.deepEqual(day(window(150, 300), "2026-03-28T23:00:00Z"), [
    "2026-03-29T01:00:00.000Z 2026-03-29T03:00:00.000Z",
  ]);
  assert.deepEqual(day(window(60, 150), "2026-03-28T23:00:00Z"), [
    "2026-03-29T00:00:00.000Z 2026-03-29T01:00:00.000Z",
  ]);
});

/** Walks minute by minute with the runtime's own formatter; knows nothing of offsets or transitions. */
function oracle(schedule: Schedule, from: number, minutes: number): string[] {
  const padding = 3 * 1440;
  const format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
    timeZone: schedule.zone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
  });
  const walls = Array.from({ length: minutes + 2 * padding }, (_, index) => {
    const parts = Object.fromEntries(
      format
        .formatToParts(from + (index - padding) * minuteMs)
        .map(({ type, value }) => [type, Number(value)]),
    );
    return Date.UTC(parts.year ?? 0, (parts.month ?? 1) - 1, parts.day, parts.hour, parts.minute);
  });
  let highest = Number.NEGATIVE_INFINITY;
  const reached = walls.map((wall) => (highest = Math.max(highest, wall)));
  let lowest = Number.POSITIVE_INFINITY;
  const stillBefore = walls.map(() => 0);
  for (let index = walls.length - 1; index >= 0; index--) {
    lowest = Math.min(lowest, walls[index] ?? 0);
    stillBefore[index] = lowest;
  }
  return Array.from({ length: minutes }, (_, minute) => {
    const [past = 0, future = 0, now = 0] = [reached, stillBefore, walls].map(
      (list) => list[minute + padding],
    );
    for (const layer of schedule.layers.toReversed()) {
      if (past < layer.start || (layer.until !== undefined && future >= layer.until)) continue;
      const open = ({ weekdays, start, end }: Window) =>
        [-2, -1, 0, 1, 2].some((days) => {
          const day = Math.floor(now / dayMs) * dayMs + days * dayMs;
          if (weekdays && !weekdays.includes(new Date(day).getUTCDay())) return false;
          const ends = day + end * minuteMs + (end <= start ? dayMs : 0);
          return past >= day + start * minuteMs && future < ends;
        });
      if (layer.windows && !layer.windows.some(open)) continue;
      const length = { hour: 60, day: 1440, week: 10_080 }[layer.shift.unit] * layer.shift.count * minuteMs;
      return layer.people[Math.floor((past - layer.start) / length) % layer.people.length] ?? "";
    }
    return schedule.fallback;
  });
}

const zones = Intl.supportedValuesOf("timeZone");
const quarter = (max: number) => fc.integer({ min: 0, max: max / 15 }).map((n) => n * 15);
const anyWindow = fc.record({
  weekdays: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), { nil: undefined }),
  start: quarter(1425),
  end: quarter(1440),
});
const anyLayer = (around: number) =>
  fc.record({
    name: fc.constantFrom("a", "b", "c"),
    people: fc.uniqueArray(fc.constantFrom("ada", "bo", "cy", "di", "eve"), { minLength: 1 }),
    start: fc.integer({ min: -4000, max: 96 }).map((quarters) => around + quarters * 15 * minuteMs),
    until: fc.option(
      quarter(4320).map((minutes) => around + minutes * minuteMs),
      { nil: undefined },
    ),
    shift: fc.record({
      unit: fc.constantFrom("hour", "day", "week"),
      count: fc.integer({ min: 1, max: 13 }),
    }),
    windows: fc.option(fc.array(anyWindow, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  });
/** Half of them about a shift of the clocks, where the zone has one. */
const anyCase = fc
  .tuple(
    fc.constantFrom(...zones),
    fc.integer({ min: at("2000-01-01"), max: at("2040-12-31") }),
    fc.boolean(),
  )
  .map(([zone, moment, shifting]) => {
    const rounded = Math.floor(moment / dayMs) * dayMs;
    const next = Temporal.Instant.fromEpochMilliseconds(rounded)
      .toZonedDateTimeISO(zone)
      .getTimeZoneTransition("next")?.epochMilliseconds;
    return { zone, from: shifting && next && next < at("2040-12-31") ? next - 720 * minuteMs : rounded };
  })
  .chain(({ zone, from }) =>
    fc.record({
      zone: fc.constant(zone),
      from: fc.constant(from),
      layers: fc.array(anyLayer(Math.floor(from / dayMs) * dayMs), { minLength: 1, maxLength: 3 }),
    }),
  );

test("equals an oracle that walks minute by minute, in any zone, 2000–2040", () => {
  const minutes = 1800;
  const runs = Number(process.env.SCHEDULE_RUNS ?? 60);
  fc.assert(
    fc.property(anyCase, ({ zone, from, layers }) => {
      const schedule: Schedule = { ...base, zone, layers };
      const expected = oracle(schedule, from, minutes);
      const found = segments(schedule, from, from + minutes * minuteMs);
      assert.equal(found[0]?.from, from);
      assert.equal(found.at(-1)?.to, from + minutes * minuteMs);
      for (const [index, segment] of found.entries())
        assert.equal(found[index + 1]?.from ?? segment.to, segment.to, "no gap, no overlap");
      for (let minute = 0; minute < minutes; minute++) {
        const moment = from + minute * minuteMs;
        const person = found.findLast((segment) => segment.from <= moment)?.person;
        if (person !== expected[minute] || onCallAt(schedule, moment).person !== person)
          assert.fail(`${zone} ${new Date(moment).toISOString()}: ${person}, expected ${expected[minute]}`);
      }
    }),
    { numRuns: runs },
  );
});

test("the calendar holds UTC events with lasting ids, folded lines and a sequence", () => {
  const found = segments(weekly("Europe/Oslo"), at("2026-03-23T08:00:00Z"), at("2026-04-06T07:00:00Z"));
  const text = calendar({
    name: "ops; tier, 1 – ŝtelaro de la nokto kaj tago, longa nomo",
    segments: found,
    sequence: 3,
    now: 0,
  });
  assert.ok(text.split("\r\n").every((line) => Buffer.byteLength(line) <= 75));
  const unfolded = text.replaceAll("\r\n ", "");
  assert.match(unfolded, /DTSTART:20260323T080000Z\r\nDTEND:20260330T070000Z\r\n/);
  assert.match(unfolded, /SUMMARY:bo on call \(ops\\; tier\\, 1 – ŝtelaro/);
  assert.match(unfolded, /SEQUENCE:3\r\nDTSTAMP:19700101T000000Z/);
  const uids = [...unfolded.matchAll(/UID:(\S+)/g)].map(([, uid]) => uid);
  assert.equal(new Set(uids).size, 2);
  const longer = segments(weekly("Europe/Oslo"), at("2026-03-23T08:00:00Z"), at("2026-04-20T07:00:00Z"));
  assert.ok(
    calendar({
      name: "ops; tier, 1 – ŝtelaro de la nokto kaj tago, longa nomo",
      segments: longer,
      sequence: 4,
      now: 9,
    })
      .replaceAll("\r\n ", "")
      .includes(`${uids[1]}`),
  );
});

test("what nobody is on is told a week before it comes, and by the plan four weeks before", () => {
  const clock = virtualClock(at("2026-01-12T12:00:00Z"));
  const schedule: Schedule = {
    ...{ name: "week", zone: "Europe/Oslo", overrides: [], swaps: [], fallback: "cy" },
    layers: [
      {
        ...{ name: "week", people: ["ada", "bo"], start: parseWall("2026-01-05T09:00") },
        ...{ until: parseWall("2026-01-26T09:00"), shift: { unit: "week", count: 1 } },
      },
    ],
  };
  const uncovered = createUncovered(() => [{ environment: "shop", schedule }], clock);
  assert.deepEqual(uncovered(), []);
  assert.deepEqual(
    gapWarnings(schedule, clock.now()).map(({ summary }) => summary),
    ["Schedule week has nobody on call from 2026-01-26 09:00 (Europe/Oslo) on"],
  );
  const later = createUncovered(
    () => [{ environment: "shop", schedule }],
    virtualClock(at("2026-01-20T12:00:00Z")),
  );
  assert.deepEqual(
    later().map(({ environment, schedule: name, fallback, text, count }) => [
      environment,
      name,
      fallback,
      text,
      count,
    ]),
    [["shop", "week", "cy", "from 2026-01-26 09:00 (Europe/Oslo) on", 1]],
  );
  assert.equal(later(), later());
  const now = createUncovered(
    () => [{ environment: "shop", schedule }],
    virtualClock(at("2026-02-02T12:00:00Z")),
  );
  assert.equal(now()[0]?.text, "now");
});

test("an escalation's people are those on call when it begins; who is gone is told, and nobody left falls to the last resort", () => {
  const people = new Set(["ada", "bo", "boss"]);
  const roster = {
    schedule: (name: string) => (name === "week" ? weekly("UTC") : undefined),
    team: (name: string) => (name === "ops" ? ["ada", "gone"] : undefined),
    hasPerson: (name: string) => people.has(name),
  };
  const level = (...targets: { kind: "person" | "schedule" | "team"; name: string }[]) => ({
    targets,
    timeout: 60_000,
  });
  const { levels, missing } = snapshot(
    {
      levels: [
        level({ kind: "schedule", name: "week" }, { kind: "person", name: "bo" }),
        level({ kind: "team", name: "ops" }),
        level({ kind: "person", name: "gone" }, { kind: "schedule", name: "no" }),
      ],
    },
    { roster, at: at("2026-01-12T10:00:00Z"), lastResort: ["boss"] },
  );
  assert.deepEqual(
    levels.map((one) => one.people.map(({ person }) => person)),
    [["bo"], ["ada"], ["boss"]],
  );
  assert.deepEqual(missing, ["gone", "schedule no"]);
});
