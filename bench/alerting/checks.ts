import { fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createProbes, samplesOf } from "@havn/alerting/agent";
import { checkSpec, systemClock } from "@havn/model";

/**
 * Many checks in one process, as an agent or the control plane runs them: how late each begins after it is due, and how
 * long the event loop was ever held up. Half of them ask HTTP, half TCP, of a server in a process of its own; each result
 * goes through the state machine and becomes series.
 *
 *     scripts/node.sh bench/alerting/checks.ts [--checks 10000] [--interval 10s] [--seconds 60] [--plugins 0]
 */
const { values } = parseArgs({
  options: {
    checks: { type: "string", default: "10000" },
    interval: { type: "string", default: "10s" },
    seconds: { type: "string", default: "60" },
    plugins: { type: "string", default: "0" },
    serve: { type: "boolean" },
  },
});

if (values.serve) {
  const server = createServer((_request, response) => response.end("all is well")).listen(
    0,
    "127.0.0.1",
    4096,
    () => {
      process.send?.((server.address() as AddressInfo).port);
    },
  );
  process.once("disconnect", () => process.exit());
} else await measure();

async function measure(): Promise<void> {
  const asked = fork(fileURLToPath(import.meta.url), ["--serve"]);
  const port = await new Promise<number>((resolve) => asked.once("message", (told) => resolve(Number(told))));
  const count = Number(values.checks);
  const plugins = Number(values.plugins);
  const late: number[] = [];
  let bad = 0;
  let samples = 0;
  let counting = false;
  const probeOf = (at: number) => {
    if (at < plugins) return { kind: "plugin", command: ["/usr/lib/nagios/plugins/check_dummy", "0"] };
    return at % 2 === 0
      ? { kind: "http", url: `http://127.0.0.1:${port}/healthz`, contains: "well" }
      : { kind: "tcp", host: "127.0.0.1", port };
  };
  const checks = Array.from({ length: count }, (_, at) =>
    checkSpec.parse({
      ...{
        name: `check-${at}`,
        address: `bench/check/check-${at}`,
        interval: values.interval,
        timeout: "3s",
      },
      probe: probeOf(at),
    }),
  );
  const probes = createProbes({
    clock: systemClock,
    onRun(run) {
      samples += samplesOf(run, { env: "bench", host: "here" }).length;
      if (!counting) return;
      late.push(run.lateMs);
      if (run.result.state !== "ok") bad++;
    },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  probes.setChecks(checks);
  await systemClock.sleep(15_000);
  counting = true;
  samples = 0;
  delay.enable();
  const before = process.cpuUsage();
  const began = performance.now();
  await systemClock.sleep(Number(values.seconds) * 1000);
  const took = (performance.now() - began) / 1000;
  const used = process.cpuUsage(before);
  delay.disable();
  counting = false;
  late.sort((a, b) => a - b);
  const percentile = (share: number) =>
    late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? Number.NaN;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`);
  console.log(
    `${count} checks every ${values.interval} for ${took.toFixed(0)} s (${plugins} of them plugins)`,
  );
  console.log(`results: ${late.length} (${(late.length / took).toFixed(0)} a second), not OK: ${bad}`);
  console.log(
    `lateness: median ${ms(percentile(0.5))}, 99 % ${ms(percentile(0.99))}, most ${ms(percentile(1))}`,
  );
  console.log(
    `event loop: 99 % ${ms(delay.percentile(99) / 1e6)}, longest held up ${ms(delay.max / 1e6)}; ` +
      `${((used.user + used.system) / 1e4 / took).toFixed(0)} % of a core, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB, ` +
      `${(samples / took).toFixed(0)} samples a second`,
  );
  await probes[Symbol.asyncDispose]();
  asked.disconnect();
}
