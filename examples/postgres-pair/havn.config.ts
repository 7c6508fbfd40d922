import { alert, check, environment, host, machine, secret, service } from "havn";
import { primary, standby } from "./pair.ts";

// A PostgreSQL primary and its streaming standby on two machines. Needs root on Debian 12 or Ubuntu:
// sudo ./havn up examples/postgres-pair
export default environment("postgres-pair", { owner: "team-data" }, () => {
  const first = host("db-1", { machine: machine("db-1", { memory: "512M" }) });
  const second = host("db-2", { machine: machine("db-2", { memory: "512M" }) });

  // Passwords are made by the control plane at the first apply and stand in no plan, log or argument.
  const passwords = {
    replicator: secret("pair-replicator"),
    owner: secret("pair-shop"),
    monitor: secret("pair-monitor"),
  };
  const database = primary(first, { database: "shop", standbys: [second], passwords });
  const copy = standby(second, { of: first, after: database, passwords });

  // How far the standby is behind, as metrics of a small service beside it.
  const lag = service("replication-lag", {
    source: "./lag",
    command: ["node", "server.js"],
    hosts: second,
    port: 9187,
    env: { PGHOST: "127.0.0.1", PGUSER: "monitor", PGPASSWORD: passwords.monitor, PGDATABASE: "postgres" },
    health: "/healthz",
    metrics: "/metrics",
    dependsOn: copy,
  });
  check("primary-answers", { from: second, tcp: { host: first.address, port: 5432 }, dependsOn: database });
  check("standby-answers", { from: first, tcp: { host: second.address, port: 5432 }, dependsOn: copy });
  alert("standby-behind", {
    expr: "postgres_replication_lag_seconds > 30",
    for: "30s",
    severity: "warning",
    summary: "{{ $labels.host }} is {{ $value }} seconds behind its primary",
    dependsOn: lag,
  });
  alert("standby-not-streaming", {
    expr: "postgres_replication_streaming == 0",
    for: "15s",
    severity: "critical",
    summary:
      "{{ $labels.host }} receives nothing from its primary: a fall of the primary now would lose data",
    dependsOn: lag,
  });
});
