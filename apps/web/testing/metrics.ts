/** Made-up measurements for the page's own queries: smooth, plausible, the same at each asking. */
export function answerPromql(query: Record<string, string>) {
  const expr = query.query ?? "";
  const now = Math.floor(Date.now() / 1000);
  const [start, end, step] = [Number(query.start ?? now), Number(query.end ?? now), Number(query.step ?? 1)];
  const ranged = query.start !== undefined;
  const result = seriesOf(expr).map(({ metric, at }) => {
    const points: [number, string][] = [];
    for (let time = start; time <= end; time += step) points.push([time, String(at(time))]);
    return ranged ? { metric, values: points } : { metric, value: points.at(-1) };
  });
  return { status: "success", data: { resultType: ranged ? "matrix" : "vector", result } };
}

interface Made {
  metric: Record<string, string>;
  at(time: number): number;
}

const wave = (time: number, seed: number) =>
  Math.sin(time / 97 + seed) * 0.5 +
  Math.sin(time / 31 + seed * 2.7) * 0.3 +
  Math.sin(time / 11 + seed * 5.1) * 0.2;

const hosts: Record<string, { cpu: number; memory: number }> = {
  "lb-1": { cpu: 0.06, memory: 0.31 },
  "web-1": { cpu: 0.27, memory: 0.54 },
  "web-2": { cpu: 0.25, memory: 0.52 },
  "db-1": { cpu: 0.18, memory: 0.71 },
};
const instances = ["web-1:8080", "web-2:8080"];

function seriesOf(expr: string): Made[] {
  const host = /host="([^"]+)"/.exec(expr)?.[1] ?? "web-1";
  const known = hosts[host] ?? { cpu: 0.1, memory: 0.4 };
  const one = (at: (time: number) => number): Made[] => [{ metric: {}, at }];
  const perInstance = (at: (time: number, seed: number) => number): Made[] =>
    instances.map((instance, seed) => ({ metric: { instance }, at: (time) => at(time, seed) }));
  const perHost = (pick: (load: { cpu: number; memory: number }) => number): Made[] =>
    Object.entries(hosts).map(([name, load], seed) => ({
      metric: { host: name },
      at: (time) => pick(load) * (1 + wave(time, seed) * 0.2),
    }));

  if (expr.includes('code!~"5.."')) return one((time) => Math.max(0, 0.0012 + wave(time, 4) * 0.0014));
  if (expr.startsWith("count(node_cpu")) return one(() => 2);
  if (expr.includes("by (mode)"))
    return Object.entries({ user: 0.6, system: 0.25, iowait: 0.1, softirq: 0.05 }).map(
      ([mode, part], seed) => ({
        metric: { mode },
        at: (time) => known.cpu * part * (1 + wave(time, seed) * 0.4),
      }),
    );
  if (expr.includes("node_load"))
    return one((time) => known.cpu * 4 * (1 + wave(time / 3, expr.length) * 0.3));
  if (expr.includes("filesystem_avail"))
    return ["/", "/var"].map((mountpoint, seed) => ({
      metric: { mountpoint },
      at: () => 0.41 + seed * 0.22,
    }));
  if (expr.includes("node_memory") && !expr.startsWith("1 -"))
    return one(
      (time) =>
        2 *
        1024 ** 3 *
        (expr.includes("MemTotal") ? known.memory : 0.15 + wave(time / 6, expr.length) * 0.02),
    );
  if (expr.includes("node_cpu"))
    return expr.includes("by (host)")
      ? perHost(({ cpu }) => cpu)
      : one((time) => known.cpu * (1 + wave(time, host.length) * 0.45));
  if (expr.includes("MemAvailable"))
    return expr.includes("by (host)")
      ? perHost(({ memory }) => memory)
      : one((time) => known.memory + wave(time / 6, 2) * 0.02);
  if (expr.includes("disk_read")) return one((time) => Math.max(0, 2.1e5 + wave(time, 3) * 2e5));
  if (expr.includes("disk_written")) return one((time) => Math.max(0, 1.4e6 + wave(time, 8) * 9e5));
  if (expr.includes("network_receive")) return one((time) => 1.1e6 + wave(time, 1) * 3e5);
  if (expr.includes("network_transmit")) return one((time) => 2.7e6 + wave(time, 6) * 6e5);
  if (expr.startsWith("histogram_quantile")) return one((time) => 0.031 + wave(time, 3) * 0.006);
  if (expr.includes("duration_seconds"))
    return expr.includes("by (instance)")
      ? perInstance((time, seed) => 0.0118 + seed * 0.0011 + wave(time, seed) * 0.002)
      : one((time) => 0.0122 + wave(time, 0) * 0.002);
  if (expr.includes("http_requests_total"))
    return expr.includes("by (instance)")
      ? perInstance((time, seed) => 124 + wave(time, seed * 0.4) * 18)
      : one((time) => 248 + wave(time, 0.2) * 34);
  return [];
}
