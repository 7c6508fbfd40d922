import assert from "node:assert/strict";
import { test } from "node:test";
import { createGate } from "./gate.ts";

test("so many are let in, so many wait in order, more are refused; who hangs up gives its place away", async () => {
  const enter = createGate({ atOnce: 1, waiting: 2 });
  const { signal } = new AbortController();
  const order: string[] = [];
  const first = await enter(signal);
  const gone = new AbortController();
  const impatient = enter(gone.signal).then(() => order.push("impatient"));
  const patient = enter(signal).then((leave) => {
    order.push("patient");
    return leave;
  });
  await assert.rejects(enter(signal), { status: 429 });
  gone.abort(new Error("hung up"));
  await assert.rejects(impatient, /hung up/);
  const last = enter(signal).then((leave) => {
    order.push("last");
    return leave;
  });
  first();
  (await patient)();
  (await last)();
  assert.deepEqual(order, ["patient", "last"]);
  // All are out: the next need not wait.
  (await enter(signal))();
});
