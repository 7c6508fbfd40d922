import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { freePort, until } from "@havn/testkit";
import { parseExposition } from "../../protocols/prometheus-text/parse.ts";
import { createProcessesCollector } from "../processes/index.ts";
import { createNodeCollector } from "./index.ts";

/** Names that we leave out, as patterns, each with its reason: `cases/left-out.txt`. */
const leftOut = readFileSync(new URL("./cases/left-out.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => new RegExp(`^${line.split("  ")[0]}$`));

/** Name and names of labels. */
const shape = (name: string, labels: readonly string[]) => `${name}{${[...labels].sort().join(",")}}`;

test("Debian's node-exporter on this computer tells what we tell, with the same labels", {
  timeout: 600_000,
}, async (t) => {
  const port = await freePort();
  const child = spawn(
    "prometheus-node-exporter",
    [`--web.listen-address=127.0.0.1:${port}`, "--collector.processes"],
    {
      stdio: "ignore",
    },
  );
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const answer = await until(
    async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
      return response?.ok && new Uint8Array(await response.arrayBuffer());
    },
    { what: "its metrics", timeoutMs: 60_000 },
  );
  const { samples } = parseExposition(answer);
  const theirs = new Set(
    samples.map(({ name, labels }) =>
      shape(
        name,
        labels.map(([label]) => label),
      ),
    ),
  );
  const own = [...(await createNodeCollector().collect(Date.now())), ...createProcessesCollector().collect()];
  const ours = new Set(own.map(({ name, labels }) => shape(name, Object.keys(labels))));
  const missing = [...theirs].filter((each) => each.startsWith("node_") && !ours.has(each));
  const nameOf = (each: string) => each.slice(0, each.indexOf("{"));
  assert.deepEqual(
    missing.filter((each) => !leftOut.some((pattern) => pattern.test(nameOf(each)))),
    [],
  );
  const names = new Set([...theirs].map(nameOf));
  assert.deepEqual(
    [...ours].filter((each) => names.has(nameOf(each)) && !theirs.has(each)),
    [],
    "labels that differ",
  );
});
