import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isOpen, maintenanceWindow, nextOpenings, openUntil } from "./maintenance.ts";
import { parseRecurrenceRule, recurrencesBetween } from "./recurrence.ts";
import { parseWall } from "./wall.ts";

/** Small numbers that follow from a seed. */
function createRandom(seed: number) {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * limit);
  };
  const chance = (of: number) => below(1000) < of * 1000;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: 1 + below(most) }, make);
  return { below, chance, pick, some };
}

const days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/** Of zones that change their rules time and again, two machines need not know the same. */
const zones = [
  ...["Europe/Oslo", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"],
  ...["Pacific/Auckland", "Pacific/Apia", "America/Sao_Paulo", "Asia/Tehran", "UTC"],
  ...["Europe/Dublin", "Pacific/Chatham", "Antarctica/Troll"],
];
const two = (value: number) => String(value).padStart(2, "0");

function randomCase(seed: number) {
  const random = createRandom(seed * 7919 + 13);
  const frequency = random.pick(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
  const counted = frequency === "MONTHLY" || frequency === "YEARLY";
  const parts = [`FREQ=${frequency}`];
  if (random.chance(0.4)) parts.push(`INTERVAL=${1 + random.below(5)}`);
  let picks = false;
  if (random.chance(0.5)) {
    // Some counted and some not: python-dateutil wants both to hold, RFC 5545 one of them.
    const counts = counted && random.chance(0.5);
    const nth = () => (counts ? String(random.pick([1, 2, 3, 4, 5, -1, -2])) : "");
    parts.push(`BYDAY=${[...new Set(random.some(3, () => `${nth()}${random.pick(days)}`))].join(",")}`);
    picks = true;
  }
  if (frequency !== "WEEKLY" && random.chance(0.35)) {
    const all = random.some(4, () => random.pick([1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -31]));
    parts.push(`BYMONTHDAY=${[...new Set(all)].join(",")}`);
    picks = true;
  }
  if (random.chance(0.3)) {
    parts.push(`BYMONTH=${[...new Set(random.some(4, () => 1 + random.below(12)))].join(",")}`);
    picks = true;
  }
  // In the week of the start, python-dateutil picks from what is left of it.
  if (picks && frequency !== "WEEKLY" && random.chance(0.25))
    parts.push(`BYSETPOS=${[...new Set(random.some(2, () => random.pick([1, 2, 3, -1, -2])))].join(",")}`);
  if (random.chance(0.3)) parts.push(`WKST=${random.pick(days)}`);
  const year = 2000 + random.below(38);
  const date = `${year}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
  // Often in the hours in which clocks are changed.
  const time = `${two(random.chance(0.7) ? random.below(4) : random.below(24))}:${random.pick(["00", "30", "15"])}`;
  const bound = random.below(4);
  if (bound === 0) parts.push(`COUNT=${1 + random.below(40)}`);
  if (bound === 1) parts.push(`UNTIL=${year + 1}0617T120000Z`);
  if (bound === 2) parts.push(`UNTIL=${year + 1}0617T020000`);
  const from = Date.UTC(year + random.below(2), random.below(12), 1 + random.below(28), random.below(24));
  return {
    ...{ rrule: parts.join(";"), start: `${date}T${time}`, zone: random.pick(zones), from },
    to: from + (30 + random.below(800)) * 86_400_000,
    // Some of these are begins.
    except: random.chance(0.3)
      ? Array.from({ length: 60 }, (_, day) => Date.parse(`${date}T${time}Z`) + day * 86_400_000)
      : [],
  };
}

/** python-dateutil (Debian: python3-dateutil) and Python's own zones. */
const oracle = `
import datetime as dates, json, sys
from datetime import datetime, timezone, timedelta
from zoneinfo import ZoneInfo
from dateutil.rrule import rrulestr
# It would look until the year 9999 for what never comes.
dates.MAXYEAR = 2043
out = []
epoch = datetime(1970, 1, 1)
for case in json.load(sys.stdin):
    zone = ZoneInfo(case["zone"])
    rule, until = [], None
    for part in case["rrule"].split(";"):
        if part.startswith("UNTIL=") and part.endswith("Z"):
            until = datetime.strptime(part[6:], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        else:
            rule.append(part)
    start = datetime.fromisoformat(case["start"])
    left = {epoch + timedelta(milliseconds=ms) for ms in case["except"]}
    found = []
    last = datetime.fromtimestamp(case["to"] / 1000, timezone.utc).replace(tzinfo=None) + timedelta(days=2)
    for wall in rrulestr(";".join(rule), dtstart=start):
        if wall > last:
            break
        at = wall.replace(tzinfo=zone).astimezone(timezone.utc)
        if until is not None and at > until:
            break
        ms = round(at.timestamp() * 1000)
        if wall not in left and case["from"] <= ms < case["to"]:
            found.append(ms)
    out.append(found)
json.dump(out, sys.stdout)
`;

test("recurring times are those of python-dateutil, in zones with every kind of clock change", () => {
  const count = Number(process.env.RECURRENCE_CASES ?? 1000);
  const cases = Array.from({ length: count }, (_, seed) => randomCase(seed));
  const asked = spawnSync("/usr/bin/python3", ["-c", oracle], {
    ...{ input: JSON.stringify(cases), encoding: "utf8", maxBuffer: 512 * 1024 * 1024 },
  });
  assert.equal(asked.status, 0, asked.stderr);
  const expected = JSON.parse(asked.stdout) as number[][];
  let compared = 0;
  for (const [index, one] of cases.entries()) {
    const { rrule, start, zone, except, from, to } = one;
    const found = recurrencesBetween(
      { rule: parseRecurrenceRule(rrule), start: parseWall(start) ?? 0, zone, except },
      { from, to },
    );
    assert.deepEqual(found, expected[index], JSON.stringify(one));
    compared += found.length;
  }
  assert.ok(compared > count, `only ${compared} times were compared`);
});

test("what only counts asks the zone nothing, and counts nonetheless", () => {
  const rule = parseRecurrenceRule("FREQ=DAILY;COUNT=9000");
  const asked = { rule, start: parseWall("2000-01-01T02:00") ?? 0, zone: "Europe/Oslo", except: [] };
  const last = Date.parse("2024-08-21T00:00Z");
  assert.deepEqual(recurrencesBetween(asked, { from: last - 3_600_000, to: last + 86_400_000 * 9 }), [last]);
  assert.deepEqual(recurrencesBetween(asked, { from: last + 1, to: last + 86_400_000 * 900 }), []);
});

test("a window is open minute by minute as its begins say, over a change of clocks", () => {
  const window = maintenanceWindow.parse({
    ...{ rrule: "FREQ=WEEKLY;BYDAY=SU", from: "2026-03-01T02:30", for: "90m", zone: "Europe/Oslo" },
    except: ["2026-03-22"],
  });
  // 02:30 does not come on 29 March: it is meant as 03:30 summer time.
  const begins = ["2026-03-08T01:30Z", "2026-03-15T01:30Z", "2026-03-29T01:30Z", "2026-04-05T00:30Z"];
  const spans = begins.map((text) => [Date.parse(text), Date.parse(text) + 5_400_000] as const);
  for (let at = Date.parse("2026-03-02T00:00Z"); at < Date.parse("2026-04-07T00:00Z"); at += 60_000) {
    const span = spans.find(([from, until]) => from <= at && at < until);
    assert.equal(isOpen(window, at), span !== undefined, new Date(at).toISOString());
    assert.equal(openUntil(window, at), span?.[1]);
  }
  assert.deepEqual(
    nextOpenings(window, Date.parse("2026-03-08T02:00Z"), 3).map(({ from }) => from),
    spans.slice(0, 3).map(([from]) => from),
  );
});

test("the next openings of a window in cron's form", () => {
  const window = maintenanceWindow.parse({ schedule: "0 2 29 feb *", for: "1h", zone: "Europe/Oslo" });
  assert.deepEqual(
    nextOpenings(window, Date.parse("2026-11-01T00:00Z"), 2).map(({ from }) => new Date(from).toISOString()),
    ["2028-02-29T01:00:00.000Z", "2032-02-29T01:00:00.000Z"],
  );
  const daily = maintenanceWindow.parse({ schedule: "30 23 * * *", for: "2h", zone: "America/New_York" });
  assert.deepEqual(
    nextOpenings(daily, Date.parse("2026-11-01T05:00Z"), 2).map(({ from }) => new Date(from).toISOString()),
    ["2026-11-01T03:30:00.000Z", "2026-11-02T04:30:00.000Z"],
  );
});

test("what is no rule is told", () => {
  const cases: [string, RegExp][] = [
    ["FREQ=HOURLY", /FREQ must be/],
    ["FREQ=DAILY;BYHOUR=2", /BYHOUR is not known here/],
    ["FREQ=DAILY;INTERVAL=0", /INTERVAL=0 is no number from 1/],
    ["FREQ=WEEKLY;BYDAY=2TU", /counts days/],
    ["FREQ=WEEKLY;BYMONTHDAY=1", /cannot be used/],
    ["FREQ=DAILY;COUNT=2;UNTIL=20270101", /exclude each other/],
    ["FREQ=DAILY;UNTIL=20270231", /is no time/],
    ["FREQ=MONTHLY;BYSETPOS=1", /none is there/],
    ["FREQ=DAILY;FREQ=DAILY", /given twice/],
    ["every day", /no part of an RRULE/],
  ];
  for (const [text, expected] of cases) assert.throws(() => parseRecurrenceRule(text), expected, text);
  const wrong = { rrule: "FREQ=NEVER", from: "2026-02-31T02:00", for: "1h", zone: "Mars/Olympus" };
  assert.equal(maintenanceWindow.safeParse(wrong).success, false);
});
