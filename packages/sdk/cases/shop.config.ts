import { alert, balancer, check, environment, file, host, machine, postgres, service, text } from "havn";

export default environment("shop", { owner: "team-shop" }, () => {
  const web = ["web-1", "web-2"].map((name) => host(name, { machine: machine(name), mode: "enforce" }));
  const lb = host("lb-1", { machine: machine("lb-1", { memory: "512M" }) });
  const dbHost = host("db-1", { machine: machine("db-1") });
  const db = postgres("shop", { host: dbHost, allow: web });
  const shop = service("shop", {
    source: "./app",
    command: ["node", "server.js"],
    hosts: web,
    port: 8080,
    env: { DATABASE_URL: db.url, WORKERS: 2 },
    metrics: "/metrics",
    health: "/healthz",
  });
  const entry = balancer("shop", { host: lb, service: shop, port: 80 });
  file("/etc/motd", { host: lb, content: "Managed by Havn.\n" });
  check("shop-answers", { from: lb, http: text`${entry.url}/healthz` });
  alert("shop-errors", { expr: "rate(errors[1m]) > 0", summary: "{{ $labels.instance }} fails", for: "1m" });
});
