import { globSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Tier, tiers } from "@havn/testkit";

/**
 * `npm test`: every tier that can run here. What cannot is named with its reason in the last lines before the sum; with
 * CI=true it is a failure.
 *
 *     npm test -- packages/plan      only files whose path contains that
 *     npm test -- --tier unit        only that tier (unit, lab, browser; may be repeated)
 *     npm test -- -u                 writes golden files anew: review the difference
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tier: { type: "string", multiple: true }, update: { type: "boolean", short: "u" } },
});
if (values.update) process.env.UPDATE_CASES = "1";
process.chdir(root);

/** Units are many and small, also where they start databases; labs and browsers fill two cores alone. */
const concurrency: Record<Tier["name"], number> = { unit: 2, lab: 1, browser: 1 };
/** For what hangs, not a measure: a file of ten steps on a loaded computer takes its time. */
const longestFileMs = 3_000_000;

const counts: Record<string, number> = {};
const began = Date.now();
const all = await tiers();
for (const tier of all) {
  if (tier.missing !== undefined || !isWanted(tier)) continue;
  const files = filesOf(tier);
  if (files.length === 0) continue;
  console.log(`\n${tier.name}: ${files.length} ${files.length === 1 ? "file" : "files"}`);
  await runFiles(files, concurrency[tier.name]);
}

const missing = all.filter(
  (tier) => tier.missing !== undefined && isWanted(tier) && filesOf(tier).length > 0,
);
const required = process.env.CI === "true";
console.log("");
for (const { name, missing: reason } of missing)
  console.log(`${required ? "FAILED, could not run" : "Not run here"}: the ${name} tier: ${reason}`);
// As node --test closes.
for (const name of ["tests", "suites", "passed", "failed", "cancelled", "skipped", "todo"])
  console.log(`# ${name.replace("passed", "pass").replace("failed", "fail")} ${counts[name] ?? 0}`);
console.log(`# duration_ms ${Date.now() - began}`);
if ((counts.failed ?? 0) + (counts.cancelled ?? 0) > 0 || (required && missing.length > 0))
  process.exitCode = 1;
// No test at all is a mistake in the command, not a success.
if ((counts.tests ?? 0) === 0) process.exitCode = 1;

function isWanted({ name }: Tier): boolean {
  return values.tier === undefined || values.tier.includes(name);
}

function filesOf(tier: Tier): string[] {
  const others = all.filter(({ files }) => files.length > tier.files.length).map(({ files }) => files);
  return globSync(`{apps,packages,scripts,examples,bench}/**/*${tier.files}`, {
    exclude: (name) => name.includes("node_modules"),
  })
    .filter((file) => !others.some((ending) => file.endsWith(ending)))
    .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
    .sort();
}

/** Runs files, each in a process of its own, and shows what they tell; the sum is added to `counts`. */
async function runFiles(files: string[], concurrency: number): Promise<void> {
  const events = run({ files, concurrency, timeout: longestFileMs });
  async function* withoutSum() {
    for await (const event of events) {
      if (event.type === "test:summary" && event.data.file === undefined)
        for (const [name, count] of Object.entries<number>(event.data.counts))
          counts[name] = (counts[name] ?? 0) + count;
      // The sum of one tier among several would be taken for the whole.
      const isSum = event.type === "test:diagnostic" && event.data.file === undefined;
      if (event.type !== "test:summary" && !isSum) yield event;
    }
  }
  await pipeline(Readable.from(withoutSum()), new spec(), process.stdout, { end: false });
}
