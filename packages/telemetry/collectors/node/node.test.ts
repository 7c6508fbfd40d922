import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createNodeCollector } from "./index.ts";

const numbers = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 300, files: 50, ffree: 20 };

async function statfs(path: string) {
  if (path === "/broken") throw new Error("it is broken");
  return path === "/" ? numbers : { ...numbers, blocks: 10 };
}

test("a computer's /proc and /sys become node_exporter's metrics", async () => {
  const root = fileURLToPath(new URL("./cases/web-1/", import.meta.url));
  const collector = createNodeCollector({ root, statfs });
  const samples = await collector.collect(1_795_400_123_456);
  // The zone is that of the computer that the test runs on.
  const told = samples.filter(({ name }) => name !== "node_time_zone_offset_seconds");
  const lines = told.map(({ name, labels, value }) => {
    const { machine, ...rest } = labels;
    const inside = Object.entries(rest).map(([label, text]) => `${label}="${text}"`);
    return `${name}${inside.length > 0 ? `{${inside.join(",")}}` : ""} ${value}`;
  });
  const golden = new URL("./cases/web-1.txt", import.meta.url);
  const text = `${lines.sort().join("\n")}\n`;
  if (process.env.UPDATE_CASES) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, "utf8"));
});

test("a mount that does not answer is told and not asked again", async () => {
  const root = fileURLToPath(new URL("./cases/web-1/", import.meta.url));
  const never = Promise.withResolvers<typeof numbers>();
  let asked = 0;
  const collector = createNodeCollector({
    root,
    statfs: (path) => {
      if (path !== "/") return statfs(path);
      asked++;
      return never.promise;
    },
  });
  for (let round = 0; round < 2; round++) {
    const samples = await collector.collect(0);
    const error = samples.find(
      ({ name, labels }) => name.endsWith("device_error") && labels.mountpoint === "/",
    );
    assert.equal(error?.value, 1);
  }
  assert.equal(asked, 1);
  never.resolve(numbers);
});

test("this computer is read without a fault, each series once", async () => {
  const samples = await createNodeCollector().collect(Date.now());
  const keys = samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(samples.every(({ value }) => Number.isFinite(value)));
  for (const name of ["node_load1", "node_cpu_seconds_total", "node_boot_time_seconds", "node_uname_info"])
    assert.ok(
      samples.some((sample) => sample.name === name),
      name,
    );
});
