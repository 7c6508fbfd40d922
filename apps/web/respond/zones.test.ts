import assert from "node:assert/strict";
import { test } from "node:test";
import { momentOf, shareOf, startOfWeek, wallOf, weeksOfMonth } from "./zones.ts";

const at = (text: string) => Date.parse(text);

test("moments and wall times belong together, also around the change of clocks", () => {
  for (const zone of ["Europe/Oslo", "America/New_York", "Asia/Kathmandu", "UTC"])
    for (const moment of ["2026-03-29T00:30Z", "2026-03-29T03:00Z", "2026-10-25T03:00Z", "2026-11-23T12:00Z"])
      assert.equal(momentOf(wallOf(at(moment), zone), zone), at(moment), `${zone} ${moment}`);
  assert.equal(momentOf(at("2026-07-01T09:00Z"), "Europe/Oslo"), at("2026-07-01T07:00Z"));
});

test("weeks begin on Mondays, and a month has as many as it needs", () => {
  assert.equal(startOfWeek(at("2026-11-22T23:00Z")), at("2026-11-16T00:00Z"));
  const weeks = weeksOfMonth(at("2026-11-23T12:00Z"));
  assert.equal(weeks[0], at("2026-10-26T00:00Z"));
  assert.equal(weeks.length, 6);
});

test("a stretch is cut to the row that it is drawn in", () => {
  const row = { from: 0, to: 100 };
  assert.deepEqual(shareOf({ from: -50, to: 25 }, row), { left: 0, width: 0.25 });
  assert.equal(shareOf({ from: 100, to: 120 }, row), undefined);
});
