import {
  alert,
  balancer,
  check,
  contact,
  data,
  environment,
  escalation,
  file,
  host,
  machine,
  postgres,
  receiver,
  route,
  runbook,
  secret,
  service,
  statusPage,
  text,
} from "havn";
import { standIn } from "./runbooks.ts";

// Who is told. Write yours into paging/shop.yaml: `mail: { server: "smtps://mail.example.org", to: "you@example.org" }`.
const paging = data({
  defaults: {
    // The mail server of this computer. Without one, `havn incidents` shows that nobody could be reached, and why.
    mail: { server: "smtp://127.0.0.1:25", from: "havn@localhost", to: "root@localhost" },
    // Gets all that happens as signed JSON: `havn secret get paging-webhook` is what it is signed with.
    webhook: "",
  },
  layers: { environment: "paging/{environment}.yaml" },
});

// Four machines on this computer: a balancer, two web hosts, a database. Needs root on Debian 12 or Ubuntu.
export default environment("shop", { owner: "team-shop" }, () => {
  const on = (name: string) => host(name, { machine: machine(name, { memory: "768M" }) });
  const lb = on("lb-1");
  const web = [on("web-1"), on("web-2")];
  const dbHost = on("db-1");

  // Change one of these by hand on its host: `havn drift` shows the difference, `havn apply` mends it.
  for (const one of [lb, ...web, dbHost])
    file("/etc/motd", { host: one, content: `This is ${one.name} of the shop. Havn manages it.\n` });

  // The balancer's host too: it runs an instance while a web host is lost.
  const db = postgres("shop", { host: dbHost, allow: [...web, lb] });

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

  const { mail, webhook } = paging.for();
  const keeper = contact("keeper", { ways: [{ kind: "email", ...mail }] });
  const oncall = receiver("oncall", {
    escalation: escalation("shop", { levels: [{ targets: [keeper], timeout: "5m" }] }),
    channels: webhook === "" ? [] : [{ kind: "webhook", url: webhook, secret: secret("paging-webhook") }],
  });
  route("pages", {
    match: ['severity="critical"'],
    receiver: oncall,
    groupBy: ["alertname", "host", "service"],
    groupWait: "0s",
    groupInterval: "15s",
  });

  // A web host is lost: another host stands in for it until it is back.
  runbook("stand-in", {
    description: "Runs the shop on another host while a web host is lost",
    steps: standIn,
    with: { shop, web, spare: lb },
    on: [{ match: ['alertname="host lost"', 'host=~"web-.*"'] }],
    guards: { runs: 3, per: "1h", hosts: 3 },
  });

  statusPage("shop", { title: "Havn Chandlery", components: [{ name: "Shop", services: [shop] }] });
});
