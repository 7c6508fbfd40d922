import { readdirSync } from "node:fs";

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const requests = new Map();
const durations = new Map();
let orders = 0;
let revenue = 0;

/** Counts one answered request; `seconds` from its arrival to its last byte. */
export function countRequest({ method, route, code }, seconds) {
  const key = `method="${method}",route="${route}",code="${code}"`;
  requests.set(key, (requests.get(key) ?? 0) + 1);
  const series = `method="${method}",route="${route}"`;
  const histogram = durations.get(series) ?? { buckets: bounds.map(() => 0), sum: 0, count: 0 };
  durations.set(series, histogram);
  histogram.sum += seconds;
  histogram.count++;
  for (const [at, bound] of bounds.entries()) if (seconds <= bound) histogram.buckets[at]++;
}

export function countOrder(total) {
  orders++;
  revenue += total / 100;
}

/** Prometheus' text format 0.0.4. */
export function renderMetrics({ databaseUp, underWay }) {
  const lines = [];
  const add = (name, type, help, samples) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value, suffix = ""] of samples)
      lines.push(`${name}${suffix}${labels && `{${labels}}`} ${value}`);
  };
  add("http_requests_total", "counter", "Answered requests.", requests);
  add(
    "http_request_duration_seconds",
    "histogram",
    "Time to answer.",
    [...durations].flatMap(histogramSamples),
  );
  add("http_requests_in_flight", "gauge", "Requests under way.", [["", underWay]]);
  add("shop_orders_total", "counter", "Orders placed.", [["", orders]]);
  add("shop_revenue_kroner_total", "counter", "Value of orders placed.", [["", revenue]]);
  add("shop_database_up", "gauge", "Whether the last query got an answer.", [["", Number(databaseUp)]]);
  const { user, system } = process.cpuUsage();
  add("process_cpu_seconds_total", "counter", "Processor time used.", [["", (user + system) / 1e6]]);
  add("process_resident_memory_bytes", "gauge", "Memory in use.", [["", process.memoryUsage.rss()]]);
  add("process_start_time_seconds", "gauge", "Start, since the epoch.", [["", startedAt]]);
  add("process_open_fds", "gauge", "Open file descriptors.", [["", openFiles()]]);
  return `${lines.join("\n")}\n`;
}

const startedAt = (Date.now() / 1000 - process.uptime()).toFixed(3);

function histogramSamples([series, { buckets, sum, count }]) {
  return [
    ...bounds.map((bound, at) => [`${series},le="${bound}"`, buckets[at], "_bucket"]),
    [`${series},le="+Inf"`, count, "_bucket"],
    [series, sum, "_sum"],
    [series, count, "_count"],
  ];
}

function openFiles() {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}
