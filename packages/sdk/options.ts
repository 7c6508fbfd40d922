/** What a user may write for each type, where the constructor turns it into other properties. */
const written: Record<string, readonly string[]> = {
  machine: ["image", "memory", "cpus"],
  host: ["machine", "ssh", "labels", "groups", "mode", "driftInterval", "maintenance"],
  service: [
    ...[
      "source",
      "build",
      "command",
      "hosts",
      "port",
      "env",
      "health",
      "metrics",
      "stopGrace",
      "startTimeout",
    ],
  ],
  balancer: ["host", "service", "port"],
  check: [
    ...["from", "http", "tcp", "tls", "dns", "ping", "smtp", "postgres", "mysql", "redis", "file", "process"],
    ...["unit", "browser", "plugin", "nrpe", "passive", "heartbeat", "interval", "timeout", "severity"],
    ...["attempts", "retryInterval", "flapping", "volatile", "parents", "dependencies", "labels"],
  ],
  nrpe: ["host", "port", "listen", "allow", "tls", "arguments", "commands"],
  alert: ["expr", "for", "severity", "summary"],
  rules: ["expr", "labels", "interval"],
  contact: ["identity", "ways"],
  team: ["members"],
  schedule: ["zone", "layers", "fallback"],
  escalation: ["levels", "acknowledgedFor"],
  maintenance: ["windows", "of", "match", "reason"],
  statuspage: ["title", "components", "visibility", "mail"],
  runbook: ["description", "steps", "with", "on", "at", "guards"],
  receiver: ["escalation", "channels", "incident", "sendResolved", "template"],
  route: [
    ...["receiver", "match", "continue", "groupBy", "groupWait", "groupInterval", "repeatInterval"],
    ...["muteIn", "activeIn", "routes", "inhibit"],
  ],
  file: [...["host", "content", "base64", "touch", "owner", "group", "mode", "validate", "backup", "absent"]],
  directory: [
    ...["host", "owner", "group", "mode", "recurse", "fileMode", "directoryMode", "purge", "absent"],
  ],
  package: ["host", "version", "manager", "hold", "answers", "purge", "autoremove", "absent"],
  "systemd.unit": ["host", "content", "dropIns", "enabled", "active", "masked", "restartOn", "reloadOn"],
  "postgres.database": ["host", "allow", "database", "user", "version"],
};

const conditional = new Set(["file", "directory", "package", "systemd.unit"]);

export function optionsOf(type: string): readonly string[] | undefined {
  const names = written[type];
  return (
    names && [...names, "dependsOn", ...(conditional.has(type) ? ["when", "enforcement", "notify"] : [])]
  );
}
