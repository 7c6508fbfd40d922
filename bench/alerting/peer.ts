import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, until } from "@havn/testkit";

/** Debian's Prometheus, blackbox exporter and Alertmanager over the same targets, at the shortest usual settings. */
export async function startPeer(options: {
  directory: string;
  targets: { url: string; metrics: string };
  count: number;
  hook: string;
}): Promise<AsyncDisposable> {
  const { directory, targets, count, hook } = options;
  const inside = (name: string) => join(directory, name);
  const [prometheus, blackbox, alertmanager] = [await freePort(), await freePort(), await freePort()];
  const addresses = Array.from({ length: count }, (_, at) => `${targets.url}/${at}`);
  await mkdir(inside("prometheus"), { recursive: true });
  await Promise.all([
    writeFile(
      inside("prometheus.yml"),
      JSON.stringify({
        global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
        rule_files: [inside("rules.yml")],
        alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
        scrape_configs: [
          { job_name: "bench", static_configs: [{ targets: [targets.metrics] }] },
          {
            job_name: "blackbox",
            metrics_path: "/probe",
            params: { module: ["http_2xx"] },
            static_configs: [{ targets: addresses }],
            relabel_configs: [
              { source_labels: ["__address__"], target_label: "__param_target" },
              {
                source_labels: ["__address__"],
                regex: ".*/(\\d+)",
                target_label: "target",
                replacement: "target-$1",
              },
              { target_label: "__address__", replacement: `127.0.0.1:${blackbox}` },
            ],
          },
        ],
      }),
    ),
    writeFile(
      inside("rules.yml"),
      JSON.stringify({
        groups: [
          {
            name: "bench",
            rules: [
              ruleOf("broken", "bench_broken == 1", "rule"),
              ruleOf("probe", "probe_success == 0", "probe"),
            ],
          },
        ],
      }),
    ),
    writeFile(
      inside("alertmanager.yml"),
      JSON.stringify({
        route: {
          ...{ receiver: "hook", group_by: ["alertname", "target"] },
          ...{ group_wait: "0s", group_interval: "1s", repeat_interval: "1h" },
        },
        receivers: [{ name: "hook", webhook_configs: [{ url: hook }] }],
      }),
    ),
    writeFile(
      inside("blackbox.yml"),
      JSON.stringify({ modules: { http_2xx: { prober: "http", timeout: "1s" } } }),
    ),
  ]);
  const children = [
    start("prometheus-blackbox-exporter", [
      `--config.file=${inside("blackbox.yml")}`,
      `--web.listen-address=127.0.0.1:${blackbox}`,
    ]),
    start("prometheus-alertmanager", [
      ...[`--config.file=${inside("alertmanager.yml")}`, `--storage.path=${inside("alertmanager")}`],
      ...[`--web.listen-address=127.0.0.1:${alertmanager}`, "--cluster.listen-address="],
    ]),
    start("prometheus", [
      ...[`--config.file=${inside("prometheus.yml")}`, `--storage.tsdb.path=${inside("prometheus")}`],
      `--web.listen-address=127.0.0.1:${prometheus}`,
    ]),
  ];
  const ready = async (port: number) =>
    (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok ?? false;
  await until(async () => (await ready(prometheus)) && (await ready(alertmanager)), {
    what: "Prometheus and Alertmanager",
    timeoutMs: 60_000,
  });
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(stop));
    },
  };
}

const ruleOf = (name: string, expr: string, word: string) => ({
  ...{ alert: name, expr },
  annotations: { summary: `${word}:{{ $labels.target }}:` },
});

const start = (program: string, args: string[]): ChildProcess =>
  spawn(program, args, { stdio: "ignore" }).on("error", (error) => {
    throw new Error(`${program} cannot be started: ${error.message}`);
  });

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
