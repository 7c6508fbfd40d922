import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { lab, temporaryDirectory, until } from "@havn/testkit";
import { createNspawnProvider } from "./index.ts";

/** Runs provider code in a process of its own, which prints what it is told. */
function elsewhere(options: object, work: string) {
  const script = `
    import { createNspawnProvider } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    const provider = createNspawnProvider(${JSON.stringify(options)});
    const tell = (detail) => console.log(detail);
    ${work}`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, ended: once(child, "exit"), lines: createInterface({ input: child.stdout }) };
}

test("a provider that is killed at any moment of ensure is continued by the next", async () => {
  await using machines = await lab({ machines: [] });
  const { environment, dataDirectory, publicKey, provider } = machines;
  const wanted = {
    environment,
    name: "c",
    spec: { provider: "nspawn", image: "debian-12" } as const,
    publicKey,
  };
  const work = `console.log("begun"); await provider.ensure(${JSON.stringify(wanted)}, tell);`;
  for (const delay of [0, 20, 40, 80, 120, 160, 250, 500]) {
    const other = elsewhere({ dataDirectory }, work);
    await once(other.lines, "line");
    await new Promise((resolve) => setTimeout(resolve, delay));
    other.child.kill("SIGKILL");
    await other.ended;
    // Every second time the next one continues; otherwise it clears away.
    if ((delay / 20) % 2 === 0) {
      const access = await provider.ensure(wanted, () => {});
      assert.equal(await provider.status(environment, "c"), "running");
      assert.ok(access.ip.startsWith(access.bridgeAddress.replace(/1$/, "")));
    }
    await provider.destroy(environment, "c");
    assert.equal(await provider.status(environment, "c"), "none");
    assert.deepEqual(await processesNaming(dataDirectory), []);
  }
  assert.ok(!(await readdir(dataDirectory)).includes("machines"));
});

test("the machines outlive the process that made them", async () => {
  await using machines = await lab({ machines: [] });
  const { environment, dataDirectory, publicKey, provider } = machines;
  const wanted = { environment, name: "c", spec: { provider: "nspawn", image: "debian-12" }, publicKey };
  const other = elsewhere({ dataDirectory }, `await provider.ensure(${JSON.stringify(wanted)}, () => {});`);
  assert.deepEqual(await other.ended, [0, null]);
  assert.deepEqual(await provider.list(), [{ environment, name: "c", state: "running" }]);
});

test("an image build that is killed leaves nothing running, and two at once build one image", async () => {
  await using cache = await temporaryDirectory("images");
  const options = { dataDirectory: cache.path, cacheDirectory: cache.path };
  const work = "await provider.prepareImage(tell);";
  const first = elsewhere(options, work);
  for await (const line of first.lines) if (line.includes("retrieving")) break;
  const second = createNspawnProvider(options);
  const stopping = new AbortController();
  const told: string[] = [];
  const waiting = second.prepareImage((detail) => told.push(detail), stopping.signal);
  const stopped = assert.rejects(waiting);
  await until(() => told.some((detail) => detail.startsWith("waiting for the machine image")), {
    what: "the wait",
  });
  first.child.kill("SIGKILL");
  await first.ended;
  await until(() => told.some((detail) => detail.includes("retrieving")), {
    what: "the second to take over",
  });
  stopping.abort();
  await stopped;
  await until(async () => (await processesNaming(cache.path)).length === 0, { what: "debootstrap to end" });
  assert.deepEqual(await readdir(`${cache.path}/images`), []);
});

async function processesNaming(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (pid === String(process.pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes(path)) found.push(`${pid} ${command.replaceAll("\0", " ")}`);
  }
  return found;
}
