import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "./gate.ts";

const patient = new AbortController().signal;

test("so many at once, the others in the order in which they came", async () => {
  const gate = new Gate(2);
  const entered: string[] = [];
  const enter = async (name: string, signal = patient) => {
    const leave = await gate.enter(signal);
    entered.push(name);
    return leave;
  };
  const leaveA = await enter("a");
  const leaveB = await enter("b");
  const impatient = new AbortController();
  const c = enter("c", impatient.signal);
  const d = enter("d");
  const e = enter("e");
  impatient.abort(new Error("gone"));
  await assert.rejects(c, { type: "canceled", message: "query was canceled in query queue" });
  assert.deepEqual(entered, ["a", "b"]);
  leaveA();
  leaveA();
  const leaveD = await d;
  assert.deepEqual(entered, ["a", "b", "d"]);
  leaveB();
  (await e)();
  leaveD();
  assert.deepEqual(entered, ["a", "b", "d", "e"]);
  // All of it is free again.
  await Promise.all([enter("f"), enter("g")]);
  const late = AbortSignal.abort(new DOMException("no time is left", "TimeoutError"));
  await assert.rejects(gate.enter(late), { type: "timeout", message: "query timed out in query queue" });
});
