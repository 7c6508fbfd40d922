import { createServer } from "node:http";

// Havn says where to listen (HOST, PORT) and which release this is (HAVN_RELEASE).
const { HOST = "127.0.0.1", PORT = "8080", GREETING = "Hello", HAVN_RELEASE = "" } = process.env;
const release = HAVN_RELEASE.slice(0, 12);
/** Requests by `method|route|code`, for /metrics. */
const counts = new Map();
let stopping = false;

/** One JSON line: Havn takes `level`, `msg`, `trace_id` and `span_id` out of it. */
function log(level, msg, fields = {}) {
  console.log(JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields }));
}

const routes = {
  "/": () => ["text/plain; charset=utf-8", `${GREETING}, release ${release || "of your own"}.\n`],
  "/healthz": () => ["application/json", JSON.stringify({ status: "ok", release })],
  "/metrics": () => ["text/plain; version=0.0.4", metrics()],
};

function metrics() {
  const lines = ["# TYPE http_requests_total counter"];
  for (const [key, count] of counts) {
    const [method, route, code] = key.split("|");
    lines.push(`http_requests_total{method="${method}",route="${route}",code="${code}"} ${count}`);
  }
  const { user, system } = process.cpuUsage();
  lines.push(
    "# TYPE process_cpu_seconds_total counter",
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
  );
  lines.push(
    "# TYPE process_resident_memory_bytes gauge",
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
  );
  const startedAt = Date.now() / 1000 - process.uptime();
  lines.push("# TYPE process_start_time_seconds gauge", `process_start_time_seconds ${startedAt.toFixed(3)}`);
  return `${lines.join("\n")}\n`;
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://hello");
  const route = Object.hasOwn(routes, pathname) ? pathname : "other";
  const [type, body] = routes[pathname]?.() ?? ["text/plain", "Not here. Try /\n"];
  const code = route === "other" ? 404 : 200;
  if (stopping) response.setHeader("connection", "close");
  response.writeHead(code, { "content-type": type }).end(body);
  const key = `${request.method}|${route}|${code}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  if (route === "/" || route === "other") log("info", `${request.method} ${pathname} ${code}`, { code });
});
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST, () => log("info", `listening on ${HOST}:${PORT}`, { release }));

process.on("SIGTERM", () => {
  stopping = true;
  log("info", "stopping: requests under way are answered");
  server.close(() => process.exit(0));
});
