import { cron, type HostHandle, pkg } from "havn";

export default (web1: HostHandle): void => {
  cron("backup", {
    host: web1,
    schedule: "15 3 * * *",
    command: "/usr/local/bin/backup --day $(date +%F)",
    environment: { MAILTO: "ops@example.org" },
    dependsOn: pkg("cron", { host: web1 }),
  });
};
