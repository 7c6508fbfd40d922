import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type Outcome, runScript } from "@havn/promql/testing";
import { openScriptStore } from "./script-store.ts";

// Runs conformance scripts and tells how many evaluations pass: `npm run promqltest -- [--store STORE] [--verbose] PATH…`,
// where PATH is a script or a folder of `.test` files, and STORE memory (unset), clickhouse, or both, which tells where
// the two differ.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: "boolean", short: "v", default: false },
    store: { type: "string", default: "memory" },
  },
});
if (!["memory", "clickhouse", "both"].includes(values.store)) {
  console.error(`--store "${values.store}" is no store\n  Write memory, clickhouse or both.`);
  process.exit(3);
}
const files = positionals.flatMap((path) =>
  statSync(path).isDirectory() ? globSync(join(path, "*.test")).sort() : [path],
);
const kinds = values.store === "both" ? ["memory", "clickhouse"] : [values.store];
const totals = new Map(kinds.map((kind) => [kind, { passed: 0, all: 0 }]));
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const columns: string[] = [];
  const outcomes: Outcome[][] = [];
  for (const kind of kinds) {
    const found = kind === "memory" ? await runScript(text) : await overClickHouse(text);
    const passed = found.filter(({ result }) => result === "passed").length;
    const total = totals.get(kind);
    if (total) total.passed += passed;
    if (total) total.all += found.length;
    columns.push(`${passed}/${found.length}`);
    outcomes.push(found);
  }
  console.log(`${basename(file).padEnd(28)} ${columns.join("  ")}`);
  for (const { line, expr, reason } of values.verbose ? outcomes.flat() : [])
    if (reason !== undefined) console.log(`  ${line}: ${expr}\n    ${reason}`);
}
const lines = [...totals].map(([kind, { passed, all }]) => `${kind} ${passed}/${all}`);
console.log(`${"total".padEnd(28)} ${lines.join("  ")}`);
process.exitCode = [...totals.values()].every(({ passed, all }) => passed === all) ? 0 : 1;

async function overClickHouse(text: string): Promise<Outcome[]> {
  await using store = await openScriptStore();
  return await runScript(text, store);
}
