import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { runAlertmanager } from "./testing/alertmanager.ts";
import { runHavn } from "./testing/havn.ts";
import { byGroup, makeScenario } from "./testing/scenarios.ts";

/** `COMPARED_SCENARIOS=1000 COMPARED_FROM=1` compares others; a bench names how many were. */
const count = Number(process.env.COMPARED_SCENARIOS ?? 40);
const from = Number(process.env.COMPARED_FROM ?? 1);
/** Milliseconds. */
const longest = 25_000;

test("random route trees and alert histories: the same notifications as Debian's Alertmanager", async (t) => {
  // On a machine that is so slow that clocks say nothing, everything is done once more with longer waits.
  for (const halfTickMs of [1500, 4000, 10_000, longest]) {
    const scenarios = Array.from({ length: count }, (_, index) => makeScenario(from + index, halfTickMs));
    const real = await runAlertmanager(scenarios, halfTickMs);
    if ((real.latestMs > halfTickMs / 2 || real.unheard > 0) && halfTickMs < longest) {
      const why = `${real.latestMs} ms late, ${real.unheard} times not told at the first try`;
      t.diagnostic(`${why}: once more, with longer waits`);
      continue;
    }
    await using db = await testDatabase();
    await migrate(db.sql, "alerting", new URL("../migrations/", import.meta.url));
    const ours = await runHavn(db.sql, scenarios, halfTickMs);
    const differs = scenarios.some(
      ({ env }) => !isDeepStrictEqual(byGroup(ours.get(env) ?? []), byGroup(real.told.get(env) ?? [])),
    );
    if (differs && halfTickMs < longest) {
      // It may have been late itself, or its receiver.
      t.diagnostic("they differ: once more, with longer waits");
      continue;
    }
    let notifications = 0;
    for (const { env, routes, ticks } of scenarios) {
      const [theirs, own] = [byGroup(real.told.get(env) ?? []), byGroup(ours.get(env) ?? [])];
      notifications += real.told.get(env)?.length ?? 0;
      assert.deepEqual(own, theirs, `${env}: ${JSON.stringify({ routes, ticks })}`);
    }
    assert.ok(notifications > count, `only ${notifications} notifications were compared`);
    t.diagnostic(`${notifications} notifications of ${count} scenarios, ${real.latestMs} ms late at worst`);
    return;
  }
});
