import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { test } from "node:test";
import { runKillTest } from "@havn/telemetry/testing";

test("kill -9 of the store and of ClickHouse loses and doubles nothing that was acknowledged", async () => {
  const directory = await mkdtemp("/tmp/havn-test-kill-");
  try {
    const report = await runKillTest({ directory, kills: 5 });
    assert.deepEqual(
      [report.lostSamples, report.doubledSamples, report.lostLines, report.doubledLines],
      [0, 0, 0, 0],
    );
    assert.notEqual(report.acknowledgedSamples, 0);
    assert.notEqual(report.acknowledgedLines, 0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
