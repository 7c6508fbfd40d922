import {
  alert,
  balancer,
  check,
  environment,
  file,
  host,
  machine,
  postgres,
  secret,
  service,
  text,
} from "havn";

// Four machines on this computer: a balancer, two web hosts, a database. Needs root on Debian 12 or Ubuntu.
export default environment("shop", { owner: "team-shop" }, () => {
  const on = (name: string) => host(name, { machine: machine(name, { memory: "768M" }) });
  const lb = on("lb-1");
  const web = [on("web-1"), on("web-2")];
  const dbHost = on("db-1");

  // Change one of these by hand on its host: `havn drift` shows the difference, `havn apply` mends it.
  for (const one of [lb, ...web, dbHost])
    file("/etc/motd", { host: one, content: `This is ${one.name} of the shop. Havn manages it.\n` });

  const db = postgres("shop", { host: dbHost, allow: web });

  const shop = service("shop", {
    source: "./app",
    build: ["npm", "ci", "--omit=dev"],
    command: ["node", "server.js"],
    hosts: web,
    port: 8080,
    env: { DATABASE_URL: db.url, SESSION_KEY: secret("session-key"), SHOP_NAME: "Havn Chandlery" },
    health: "/healthz",
    metrics: "/metrics",
    stopGrace: "15s",
  });

  const entry = balancer("shop", { host: lb, service: shop, port: 80 });

  check("shop-answers", { from: lb, http: { url: text`${entry.url}/`, contains: "Chandlery" } });
  check("database-answers", { from: lb, tcp: { host: db.host, port: db.port }, interval: "10s" });

  alert("shop-errors", {
    expr: 'sum(rate(http_requests_total{service="shop",code=~"5.."}[1m])) / sum(rate(http_requests_total{service="shop"}[1m])) > 0.05',
    for: "30s",
    severity: "critical",
    summary: "More than one in twenty requests to the shop fails ({{ $value }})",
  });
  alert("shop-without-database", {
    expr: 'shop_database_up{service="shop"} == 0',
    for: "15s",
    severity: "critical",
    summary: "{{ $labels.instance }} does not reach the database",
  });
  alert("disk-nearly-full", {
    expr: 'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} < 0.1',
    for: "5m",
    summary: "The disk of {{ $labels.host }} is nearly full: {{ $value }} of it is left",
  });
});
