import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createAlerting } from "@havn/alerting";
import { openClickHouse } from "@havn/clickhouse";
import { systemClock as clock, parseDuration } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { createPromqlEngine, sharedSelections } from "@havn/promql";
import { createTelemetry } from "@havn/telemetry";
import { createTimeline } from "@havn/timeline";

/**
 * Many rules in one process, over real stores: how late groups begin, how long the event loop was held up, memory. Three
 * quarters of the rules alert (1 % of them fire), one quarter records; each group asks of one job, as generated rules do.
 *
 *     scripts/node.sh bench/alerting/rules.ts [--rules 20000] [--groups 400] [--interval 15s] [--seconds 60] [--instances 10]
 */
const { values } = parseArgs({
  options: {
    rules: { type: "string", default: "20000" },
    groups: { type: "string", default: "400" },
    interval: { type: "string", default: "15s" },
    seconds: { type: "string", default: "60" },
    instances: { type: "string", default: "10" },
  },
});
const [ruleCount, groupCount, instances] = [values.rules, values.groups, values.instances].map(Number);
const intervalMs = parseDuration(values.interval);
const perGroup = Math.round((ruleCount ?? 0) / (groupCount ?? 1));
const env = "bench";
const metrics = ["requests_total", "errors_total", "latency_seconds", "queue_length", "memory_bytes"];

const directory = await mkdtemp(join(tmpdir(), "havn-bench-rules-"));
await using _removed = {
  [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
};
await using db = await testDatabase();
await using clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
await using telemetry = await createTelemetry({
  clickhouse,
  spoolDirectory: join(directory, "spool"),
  log: console.error,
});
const promql = createPromqlEngine({ querier: telemetry.querier });
const { sql } = db;
const timeline = await createTimeline({ sql, clock });
/** How long questions and writes take, seen from rules. Milliseconds, together and how many. */
const spent = { query: { ms: 0, count: 0 }, write: { ms: 0, count: 0 } };
async function timed<T>(what: keyof typeof spent, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    spent[what].ms += performance.now() - begun;
    spent[what].count++;
  }
}
const alerting = await createAlerting({
  ...{ sql, clock, timeline },
  query: (expr, at, signal) => timed("query", () => promql.instant(expr, at, { signal })),
  recording: {
    queryRange: (expr, window, signal) => promql.range(expr, window, { signal }),
    shareQuery() {
      const shared = createPromqlEngine({ querier: sharedSelections(telemetry.querier) });
      return (expr, at, signal) => timed("query", () => shared.instant(expr, at, { signal }));
    },
    series: {
      write: (...given) => timed("write", () => telemetry.write(...given)),
      flush: () => telemetry.flush(),
    },
    externalUrl: "http://havn.example",
  },
  desired: { put: async () => {} },
  deliver: async () => {},
});

/** Samples of a job, each instance with all metrics. */
async function feed(job: number, time: number): Promise<void> {
  const samples = Array.from({ length: instances ?? 0 }, (_, instance) =>
    metrics.map((name, at) => ({
      labels: { __name__: name, job: `job-${job}`, instance: `i-${instance}` },
      time,
      value: at < 2 ? (time / 1000) * (at + 1) : (instance + at) % 9,
    })),
  );
  await telemetry.write(env, samples.flat());
}

/** One of the usual rules; the hundredth fires. */
function ruleOf(group: number, at: number): object {
  const job = `job="job-${group}"`;
  const limit = at % 100 === 0 ? 0 : 1e12 + at;
  const labels = { severity: "warning", number: String(at) };
  switch (at % 4) {
    case 0:
      return { alert: `Errors${at}`, expr: `rate(errors_total{${job}}[2m]) > ${limit}`, for: "1m", labels };
    case 1:
      return { alert: `Queue${at}`, expr: `queue_length{${job}} > ${limit}`, labels };
    case 2:
      return {
        alert: `Ratio${at}`,
        expr: `sum by (job) (rate(errors_total{${job}}[2m])) / sum by (job) (rate(requests_total{${job}}[2m])) > ${limit}`,
        labels,
      };
    default:
      return { record: `job:latency:avg${at}`, expr: `avg by (job) (latency_seconds{${job}})` };
  }
}

for (let back = 8; back >= 1; back--)
  for (let job = 0; job < (groupCount ?? 0); job++) await feed(job, clock.now() - back * 15_000);
await telemetry.flush();
for (let group = 0; group < (groupCount ?? 0); group++) {
  const name = `group-${group}`;
  const rules = Array.from({ length: perGroup }, (_, at) => ruleOf(group, at));
  await sql`insert into rules.rule_group (address, environment, name, properties) values (
    ${`${env}/rules/${name}`}, ${env}, ${name},
    ${sql.json({ group: name, file: "bench.yml", interval: values.interval, query_offset: "0s", limit: 0, rules, broken: [], external_labels: {} } as never)})`;
}
await alerting.rulesExecutor.remove(
  { step: <T>(_name: string, work: () => Promise<T>) => work() } as never,
  { address: `${env}/rules/none`, name: "none", type: "rules", properties: {}, dependsOn: [] } as never,
  undefined as never,
);
const stop = new AbortController();
const running = alerting.start(stop.signal);
// As scraping does: each job at a time of its own.
const feeding = (async () => {
  const jobs = groupCount ?? 1;
  const begun = clock.now();
  for (let turn = 0; !stop.signal.aborted; turn++) {
    await feed(turn % jobs, clock.now());
    await clock.sleep(Math.max(0, begun + ((turn + 1) * 15_000) / jobs - clock.now()), stop.signal);
  }
})();

const sumOf = (name: string) =>
  alerting
    .ruleSamples()
    .filter((sample) => sample.name === name)
    .reduce((sum, { value }) => sum + value, 0);
// Until everything has been asked once: what is found then is remembered.
const warmingUntil = clock.now() + 120_000;
do await clock.sleep(intervalMs);
while (clock.now() < warmingUntil && sumOf("prometheus_rule_evaluations_total") < 2 * (ruleCount ?? 0));
spent.query = { ms: 0, count: 0 };
spent.write = { ms: 0, count: 0 };
const failedBefore = sumOf("prometheus_rule_evaluation_failures_total");
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const late = new Map<string, number>();
const before = { cpu: process.cpuUsage(), rules: sumOf("prometheus_rule_evaluations_total") };
const began = performance.now();
const missedBefore = sumOf("prometheus_rule_group_iterations_missed_total");
while (performance.now() - began < Number(values.seconds) * 1000) {
  await clock.sleep(1000);
  const samples = alerting.ruleSamples();
  for (const [i, { name, labels, value }] of samples.entries())
    if (name === "havn_rule_group_lateness_seconds") {
      const at = samples
        .slice(Math.max(0, i - 4), i)
        .find((one) => one.name.endsWith("last_evaluation_timestamp_seconds"));
      late.set(`${labels.rule_group} ${at?.value}`, value * 1000);
    }
}
const took = (performance.now() - began) / 1000;
const used = process.cpuUsage(before.cpu);
delay.disable();
const evaluated = sumOf("prometheus_rule_evaluations_total") - before.rules;
const failed = sumOf("prometheus_rule_evaluation_failures_total") - failedBefore;
const missed = sumOf("prometheus_rule_group_iterations_missed_total") - missedBefore;
const sorted = [...late.values()].sort((a, b) => a - b);
const percentile = (share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const ms = (value: number) => `${value.toFixed(0)} ms`;
console.log(`${cpus().length} cores, ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`);
console.log(
  `${perGroup * (groupCount ?? 0)} rules in ${groupCount} groups every ${values.interval} for ${took.toFixed(0)} s, ` +
    `${(groupCount ?? 0) * (instances ?? 0) * metrics.length} series`,
);
console.log(
  `evaluations: ${(evaluated / took).toFixed(0)} a second (${((perGroup * (groupCount ?? 0) * 1000) / intervalMs).toFixed(0)} wanted), ` +
    `failed ${failed}, turns left out ${missed}; ${alerting.list({ state: "firing" }).length} alerts fire`,
);
console.log(
  `groups begin late: median ${ms(percentile(0.5))}, 99 % ${ms(percentile(0.99))}, most ${ms(percentile(1))}`,
);
console.log(
  `event loop: 99 % ${ms(delay.percentile(99) / 1e6)}, longest held up ${ms(delay.max / 1e6)}; ` +
    `${((used.user + used.system) / 1e4 / took).toFixed(0)} % of a core, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
);
const average = ({ ms: all, count }: { ms: number; count: number }) => `${(all / count).toFixed(1)} ms`;
console.log(
  `a question took ${average(spent.query)}, a write ${average(spent.write)} (${spent.write.count} writes)`,
);
stop.abort();
await Promise.all([running, feeding]);
