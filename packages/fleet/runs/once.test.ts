import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryDirectory, until } from "@havn/testkit";
import { onceCommand } from "./once.ts";

const newKey = () => randomBytes(16).toString("hex");
const execute = async (key: string, command: string[]) => {
  const [program = "", ...args] = onceCommand(key, { command, shell: false }).command;
  return promisify(execFile)(program, args).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  );
};

test("a command under a key runs once; who asks again gets what came of it", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "done");
  const command = ["sh", "-c", 'echo one >> "$0"; echo "said $1"; echo why >&2; exit 3', file, "a b"];
  const key = newKey();
  const [first, beside] = await Promise.all([execute(key, command), execute(key, command)]);
  const again = await execute(key, command);
  for (const one of [first, beside, again])
    assert.deepEqual(one, { code: 3, stdout: "said a b\n", stderr: "why\n" });
  assert.equal(await readFile(file, "utf8"), "one\n");
});

test("who asks may be killed: the command goes on, and its end is told to the next", async () => {
  await using directory = await temporaryDirectory();
  const [begun, go] = [join(directory.path, "begun"), join(directory.path, "go")];
  const command = [
    "sh",
    "-c",
    'echo one >> "$0"; until [ -e "$1" ]; do sleep 0.1; done; echo end',
    begun,
    go,
  ];
  const key = newKey();
  const [program = "", ...args] = onceCommand(key, { command, shell: false }).command;
  const asking = spawn(program, args, { stdio: "ignore", detached: true });
  await until(() => readFile(begun, "utf8").catch(() => ""), { what: "the command to begin" });
  process.kill(-(asking.pid ?? 0), "SIGKILL");
  await once(asking, "exit");
  const next = execute(key, command);
  await promisify(execFile)("touch", [go]);
  assert.deepEqual(await next, { code: 0, stdout: "end\n", stderr: "" });
  assert.equal(await readFile(begun, "utf8"), "one\n");
});
