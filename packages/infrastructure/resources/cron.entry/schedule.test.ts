import assert from "node:assert/strict";
import { test } from "node:test";
import { isSchedule } from "./schedule.ts";

const good = [
  "* * * * *",
  "*/5 * * * *",
  "0 3 1-15/2 jan,Jul mon-fri",
  "59 23 31 12 7",
  "@daily",
  " 0  0 * * 0 ",
];
const bad = [
  "",
  "daily",
  "@never",
  "* * * *",
  "* * * * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * * 13 *",
];
const worse = [
  "* * * * 8",
  "*/0 * * * *",
  "5-1 * * * *",
  "a * * * *",
  "1,,2 * * * *",
  "5/2 * * * *",
  "1-2-3 * * * *",
];

test("times that cron takes, and others", () => {
  for (const text of good) assert.ok(isSchedule(text), text);
  for (const text of [...bad, ...worse]) assert.ok(!isSchedule(text), text);
});
