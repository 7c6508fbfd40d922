import assert from "node:assert/strict";
import { test } from "node:test";
import { findPause, isOpen, maintenanceWindow } from "./maintenance.ts";

const window = (schedule: string, length: string, zone = "UTC") =>
  maintenanceWindow.parse({ schedule, for: length, zone });
const open = (written: ReturnType<typeof window>, times: string[]) =>
  times.map((time) => isOpen(written, Date.parse(time)));

test("a window is open from its minute on, for its length, across midnight", () => {
  const saturday = window("30 23 * * sat", "2h");
  assert.deepEqual(
    open(saturday, [
      "2026-11-28T23:29:59Z",
      "2026-11-28T23:30:00Z",
      "2026-11-29T01:29:59Z",
      "2026-11-29T01:30:00Z",
      "2026-11-27T23:45:00Z",
    ]),
    [false, true, true, false, false],
  );
});

test("times are those of the zone, in summer and in winter", () => {
  const oslo = window("0 2 * * *", "1h", "Europe/Oslo");
  assert.deepEqual(open(oslo, ["2026-01-10T01:30:00Z", "2026-07-10T00:30:00Z", "2026-07-10T01:30:00Z"]), [
    true,
    true,
    false,
  ]);
});

test("an hour that is left out in spring is made up for; one that comes twice counts twice", () => {
  const oslo = window("30 2 * * *", "10m", "Europe/Oslo");
  assert.deepEqual(open(oslo, ["2026-03-29T01:00:00Z", "2026-03-29T01:11:00Z", "2026-03-29T00:35:00Z"]), [
    true,
    false,
    false,
  ]);
  assert.deepEqual(open(oslo, ["2026-10-25T00:31:00Z", "2026-10-25T01:31:00Z"]), [true, true]);
});

test("day and weekday both given: one of them is enough; steps, lists and names", () => {
  const first = window("*/30 1-3,5 1 jan,jul 1", "5m");
  assert.deepEqual(
    open(first, [
      "2026-07-01T02:30:00Z", // the first, a Wednesday
      "2026-07-06T05:04:00Z", // a Monday
      "2026-07-07T05:04:00Z",
      "2026-07-01T04:00:00Z",
      "2026-08-03T02:30:00Z",
    ]),
    [true, true, false, false, false],
  );
});

test("what is no window is told", () => {
  for (const wrong of [
    { schedule: "0 2 * *", for: "1h" },
    { schedule: "0 25 * * *", for: "1h" },
    { schedule: "5-1 2 * * *", for: "1h" },
    { schedule: "0 2 * * *", for: "8d" },
    { schedule: "0 2 * * *", for: "10s" },
    { schedule: "0 2 * * *", for: "1h", zone: "Mars/Olympus" },
  ])
    assert.ok(!maintenanceWindow.safeParse(wrong).success, JSON.stringify(wrong));
});

test("a pause by hand comes before a window, and ends by itself", () => {
  const pauses = [{ id: "p", from: 100, until: 200, reason: "new disk", actor: "user:anna" }];
  assert.equal(findPause(150, { windows: [], pauses }), "maintenance of user:anna: new disk");
  assert.equal(findPause(200, { windows: [], pauses }), undefined);
  assert.match(
    findPause(Date.parse("2026-11-28T02:10:00Z"), { windows: [window("0 2 * * *", "1h")], pauses }) ?? "",
    /maintenance window "0 2 \* \* \*" UTC/,
  );
});
