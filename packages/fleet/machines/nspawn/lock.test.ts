import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { withLock } from "./lock.ts";

const name = () => `test ${process.pid} ${Math.random()}`;

test("one at a time, and every waiter gets its turn", { skip: process.platform !== "linux" }, async () => {
  const lock = name();
  let inside = 0;
  const turns: number[] = [];
  await Promise.all(
    Array.from({ length: 12 }, (_, turn) =>
      withLock(lock, async () => {
        assert.equal(++inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        turns.push(turn);
      }),
    ),
  );
  assert.equal(turns.length, 12);
});

test("released when the work throws", { skip: process.platform !== "linux" }, async () => {
  const lock = name();
  await assert.rejects(
    withLock(lock, () => Promise.reject(new Error("work"))),
    /work/,
  );
  assert.equal(await withLock(lock, async () => "next"), "next");
});

test("released when its holder is killed", { skip: process.platform !== "linux" }, async () => {
  const lock = name();
  const script = `
    import { withLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    await withLock(${JSON.stringify(lock)}, () => { console.log("held"); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  let waited = false;
  const mine = withLock(lock, async () => "mine", {
    onWait: () => {
      waited = true;
      holder.kill("SIGKILL");
    },
  });
  assert.equal(await mine, "mine");
  assert.equal(waited, true);
});
