import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openHavn } from "../../apps/server/testing/havn.ts";
import { startPeer } from "./peer.ts";
import { type Road, roads, startTargets, startWatch } from "./targets.ts";

/**
 * From a failure to the page sent, as whoever receives it sees it: targets fail one after the other, and a webhook server
 * writes down when it hears of each. Two roads each: a check that asks the target every second, and a rule over a metric
 * that is scraped and evaluated every second. Beside Havn, in the same run and over the same failures, Debian's
 * Prometheus, blackbox exporter and Alertmanager, everything at one second and without waiting for groups. Havn pages a
 * person through an escalation (an incident, a durable page), Alertmanager posts to a webhook.
 *
 *     scripts/node.sh bench/alerting/page.ts [--failures 120] [--every 1000]
 *
 * Needs apt-get install prometheus prometheus-alertmanager prometheus-blackbox-exporter.
 */
const { values } = parseArgs({
  options: { failures: { type: "string", default: "120" }, every: { type: "string", default: "1000" } },
});
const count = Number(values.failures);
/** So long that every road sees it. */
const brokenMs = 15_000;

const configOf = (targets: { url: string; metrics: string }, hook: string) => `
import { alert, check, contact, environment, escalation, receiver, route, scrape } from "havn";

export default environment("bench", {}, () => {
  scrape("bench", {
    scrape_interval: "1s",
    scrape_timeout: "1s",
    static_configs: [{ targets: [${JSON.stringify(targets.metrics)}] }],
  });
  alert("broken", {
    expr: "bench_broken == 1",
    interval: "1s",
    severity: "critical",
    summary: "rule:{{ $labels.target }}:",
  });
  for (let at = 0; at < ${count}; at++)
    check(\`target-\${at}\`, {
      http: \`${targets.url}/\${at}\`,
      interval: "1s",
      timeout: "1s",
      attempts: 1,
      severity: "critical",
    });
  const ada = contact("ada", { ways: [{ kind: "webhook", url: ${JSON.stringify(hook)} }] });
  const pages = receiver("pages", { escalation: escalation("all", { levels: [{ targets: [ada], timeout: "1h" }] }) });
  route("all", { receiver: pages, groupBy: ["alertname", "target", "check"], groupWait: "0s", groupInterval: "1s" });
});
`;

const work = await mkdtemp("/tmp/havn-bench-page-");
await using targets = await startTargets(count);
await using watch = await startWatch();
await using havn = await openHavn("bench-page");
await using _peer = await startPeer({ directory: work, targets, count, hook: `${watch.url}/peer` });
await writeFile(join(work, "havn.config.ts"), configOf(targets, `${watch.url}/havn`));
try {
  await havn.must(["up", work, "--yes"]);
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`);
  await sleep(15_000);
  const failedAt: number[] = [];
  for (const at of shuffled(count)) {
    // Not in step with anybody's second.
    await sleep(Number(values.every) * (0.5 + Math.random()));
    failedAt[at] = Date.now();
    targets.fail(at);
    setTimeout(() => targets.heal(at), brokenMs).unref();
  }
  await sleep(20_000);
  console.log(`${count} failures, load ${loadavg()[0]?.toFixed(1)}; seconds from the failure to the page:`);
  for (const road of roads) tell(road, failedAt);
} finally {
  await rm(work, { recursive: true, force: true });
}

function tell(road: Road, failedAt: readonly number[]): void {
  const took = failedAt
    .map((at, target) => (watch.firstHeard(road, target) ?? Number.NaN) - at)
    .filter((milliseconds) => !Number.isNaN(milliseconds))
    .sort((a, b) => a - b);
  const at = (share: number) =>
    ((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN) / 1000).toFixed(2);
  console.log(
    `${road.padEnd(28)} median ${at(0.5)}  99 % ${at(0.99)}  most ${at(1)}  (${took.length} of ${count} heard)`,
  );
}

/** The same order in every run: by a digest. */
function shuffled(length: number): number[] {
  const digest = (at: number) => createHash("sha256").update(`target ${at}`).digest("hex");
  return Array.from({ length }, (_, at) => at).sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
}
