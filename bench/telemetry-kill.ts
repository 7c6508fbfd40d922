/** Kills the telemetry store and its ClickHouse under load: `scripts/node.sh bench/telemetry-kill.ts [kills]`. */
import { mkdtemp, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { runKillTest } from "@havn/telemetry/testing";

const kills = Number(process.argv[2] ?? 20);
const directory = await mkdtemp("/tmp/havn-bench-kill-");
try {
  const started = performance.now();
  const report = await runKillTest({ directory, kills });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${hostname()}: ${kills} kills in ${seconds} s`);
  for (const [name, value] of Object.entries(report)) console.log(`  ${name.padEnd(20)} ${value}`);
  if (report.lostSamples + report.doubledSamples + report.lostLines + report.doubledLines > 0)
    process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
