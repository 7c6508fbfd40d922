import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { runScript } from "./runner.ts";

// Runs conformance scripts and tells how many evaluations pass: `npm run promqltest -- [--verbose] PATH…`, where PATH
// is a script or a folder of `.test` files.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: "boolean", short: "v", default: false } },
});
const files = positionals.flatMap((path) =>
  statSync(path).isDirectory() ? globSync(join(path, "*.test")).sort() : [path],
);
const totals = { passed: 0, failed: 0 };
for (const file of files) {
  const outcomes = await runScript(readFileSync(file, "utf8"));
  const wrong = outcomes.filter(({ result }) => result === "failed");
  totals.passed += outcomes.length - wrong.length;
  totals.failed += wrong.length;
  console.log(`${basename(file).padEnd(28)} ${outcomes.length - wrong.length}/${outcomes.length}`);
  if (values.verbose)
    for (const { line, expr, reason } of wrong) console.log(`  ${line}: ${expr}\n    ${reason}`);
}
console.log(`${"total".padEnd(28)} ${totals.passed}/${totals.passed + totals.failed}`);
process.exitCode = totals.failed > 0 ? 1 : 0;
