import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { caseFiles } from "./cases.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary.ts";
import { until } from "./until.ts";

test("until returns the first value that is true", async () => {
  let asked = 0;
  assert.equal(
    await until(() => ++asked >= 3 && `asked ${asked}`, { what: "three", intervalMs: 1 }),
    "asked 3",
  );
});

test("until names what it waited for, and the last error", async () => {
  const failing = until(() => Promise.reject(new Error("refused")), {
    what: "a reply",
    timeoutMs: 20,
    intervalMs: 1,
  });
  await assert.rejects(failing, (error: Error) => {
    assert.match(error.message, /in vain for a reply/);
    assert.equal((error.cause as Error).message, "refused");
    return true;
  });
});

test("case files are sorted and named without their extension; none at all is an error", async () => {
  await using folder = await temporaryDirectory();
  for (const name of ["b.case", "a.case", "note.md"])
    await writeFile(join(folder.path, name), `text of ${name}`);
  assert.deepEqual(
    caseFiles(folder.path, ".case").map(({ name, text }) => [name, text]),
    [
      ["a", "text of a.case"],
      ["b", "text of b.case"],
    ],
  );
  assert.throws(() => caseFiles(folder.path, ".none"), /No case files/);
});

test("a free port refuses connections", async () => {
  const port = await freePort();
  const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => reject(new Error("somebody answers")));
    socket.once("error", resolve);
  });
  assert.equal(error.code, "ECONNREFUSED");
});
