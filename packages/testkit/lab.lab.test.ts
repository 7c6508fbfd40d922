import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { lab, temporaryDirectory, until } from "./index.ts";
import { labsDirectory } from "./stale.ts";

test("two labs side by side: same names, other networks, both work", async () => {
  const [one, two] = await Promise.all([lab({ machines: ["a"] }), lab({ machines: ["a"] })]);
  await using _one = one;
  await using _two = two;
  assert.notEqual(one.bridgeAddress, two.bridgeAddress);
  for (const { machines } of [one, two])
    for (const { name, ip, ssh } of machines) {
      const { code, stdout, stderr } = await ssh("hostname; ip -4 -o addr show host0");
      assert.equal(code, 0, stderr);
      assert.ok(stdout.startsWith(`${name}\n`), stdout);
      assert.ok(stdout.includes(` ${ip}/24 `), stdout);
    }
});

test("copies files and passes input, output and status of commands", async () => {
  await using machines = await lab({ machines: ["a"] });
  await using folder = await temporaryDirectory();
  const a = machines.machine("a");
  await writeFile(join(folder.path, "x"), "copied");
  await a.copy(join(folder.path, "x"), "/root/x");
  assert.deepEqual(await a.ssh("cat /root/x; echo warned >&2; exit 3"), {
    stdout: "copied",
    stderr: "warned\n",
    code: 3,
  });
  assert.equal((await a.ssh("cat", { input: "typed" })).stdout, "typed");
});

/** Starts a process that opens a lab and then hangs; gives its pid and the lab's folder. */
async function openLabElsewhere(): Promise<{ pid: number; folder: string; ended: Promise<unknown> }> {
  const script = `
    import { lab } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    const machines = await lab({ machines: ["a"] });
    console.log(machines.dataDirectory);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [folder] = (await Promise.race([once(lines, "line"), ended.then(() => [""])])) as [string];
  assert.ok(folder.startsWith(labsDirectory), "the other process did not open its lab");
  return { pid: child.pid ?? 0, folder, ended };
}

const guardsOf = async (pid: number) => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
};

for (const signal of ["SIGKILL", "SIGINT"] as const)
  test(`the guard removes the lab of a process that ${signal} ended`, async () => {
    const other = await openLabElsewhere();
    process.kill(other.pid, signal);
    await other.ended;
    await until(async () => !(await foldersOfLabs()).includes(other.folder), { what: "the guard's sweep" });
    await assertNoProcess(other.folder);
  });

test("the next lab removes one whose owner and guard were both killed", async () => {
  const other = await openLabElsewhere();
  for (const guard of await guardsOf(other.pid)) process.kill(guard, "SIGKILL");
  process.kill(other.pid, "SIGKILL");
  await other.ended;
  assert.ok((await foldersOfLabs()).includes(other.folder));
  await using _next = await lab({ machines: [] });
  assert.ok(!(await foldersOfLabs()).includes(other.folder));
  await assertNoProcess(other.folder);
});

const foldersOfLabs = async () =>
  (await readdir(labsDirectory).catch((): string[] => [])).map((name) => join(labsDirectory, name));

async function assertNoProcess(folder: string): Promise<void> {
  for (const pid of await readdir("/proc")) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    assert.ok(!command.includes(folder), `process ${pid} is left: ${command}`);
  }
}
