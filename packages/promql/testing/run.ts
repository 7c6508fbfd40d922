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
let failed = 0;
const totals = { passed: 0, failed: 0, histogram: 0 };
for (const file of files) {
  const outcomes = await runScript(readFileSync(file, "utf8"));
  const count = (result: keyof typeof totals) => {
    const found = outcomes.filter((outcome) => outcome.result === result).length;
    totals[result] += found;
    return found;
  };
  const [passed, wrong, histogram] = [count("passed"), count("failed"), count("histogram")];
  failed += wrong;
  console.log(
    `${basename(file).padEnd(28)} ${passed}/${passed + wrong} float, ${histogram} need native histograms`,
  );
  if (values.verbose)
    for (const { line, expr, reason } of outcomes.filter(({ result }) => result === "failed"))
      console.log(`  ${line}: ${expr}\n    ${reason}`);
}
console.log(
  `total ${totals.passed}/${totals.passed + totals.failed} float, ${totals.histogram} need native histograms`,
);
process.exitCode = failed > 0 ? 1 : 0;
