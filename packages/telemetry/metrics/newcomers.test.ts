import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@havn/model";
import { virtualClock } from "@havn/testkit";
import { encodeSnappy } from "../protocols/snappy.ts";
import { message, seriesV1 } from "../testing/protobuf.ts";
import { openReceivingServer } from "../testing/server.ts";
import { Newcomers } from "./newcomers.ts";

const series = (instance: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, at) =>
    seriesV1({ __name__: "x", instance, job: "j", request: String(from + at) }, [[now, at]]),
  );
const now = Math.floor(Date.now() / 1000) * 1000;

test("a target that brings too many new series is refused them; what it had, and others, go on", async () => {
  await using server = await openReceivingServer({ newSeriesAMinute: 50 });
  const send = (...fields: ReturnType<typeof series>) =>
    server.post("/api/v1/write?environment=shop", encodeSnappy(message(...fields)), {
      ...{ "content-type": "application/x-protobuf", "content-encoding": "snappy" },
    });
  assert.equal((await send(...series("bad", 40))).status, 204);
  const refused = await send(...series("bad", 1_000, 1_000), ...series("bad", 40), ...series("good", 30));
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /more than 50 new series a minute/);
  const stored = await server.stored("x");
  const of = (instance: string) => stored.filter((line) => line.includes(`instance="${instance}"`)).length;
  assert.deepEqual([of("bad"), of("good")], [50, 30]);
  const [told] = server.telemetry.refusedSeries();
  assert.deepEqual(
    { ...told, lastAt: 0 },
    { environment: "shop", job: "j", instance: "bad", refused: 990, lastAt: 0 },
  );
  assert.ok(Math.abs((told?.lastAt ?? 0) - systemClock.now()) < 60_000);
});

test("a new minute is a new budget", async () => {
  const clock = virtualClock();
  const newcomers = new Newcomers({ most: 1, clock });
  const labels = ["env", "e", "instance", "i", "job", "j"];
  assert.deepEqual([newcomers.admit(labels), newcomers.admit(labels)], [true, false]);
  await clock.advance(60_000);
  assert.deepEqual([newcomers.admit(labels), newcomers.admit(["job", "other"])], [true, true]);
  assert.equal(newcomers.refused()[0]?.refused, 1);
});
