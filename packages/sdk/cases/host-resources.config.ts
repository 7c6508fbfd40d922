import { directory, environment, file, host, package as pkg, postgres, secret, systemdUnit, text, thisComputer } from "havn";

export default environment("tools", {}, () => {
  const here = thisComputer();
  const far = host("far-1", { ssh: { address: "10.0.0.7", user: "admin" }, labels: { rack: "a4" } });
  const nginx = pkg("nginx", { host: far });
  pkg("telnet", { host: far, absent: true });
  const folder = directory("/srv/tools", { host: here });
  const settings = file("/srv/tools/settings", {
    host: here,
    content: text`key=${secret("tools-key")}\naddress=${far.address}\n`,
    mode: "0600",
    dependsOn: folder,
  });
  systemdUnit("nginx", { host: far, reloadOn: settings, dependsOn: nginx });
  systemdUnit("worker.timer", { host: far, content: "[Timer]\nOnCalendar=daily\n", enabled: null });
  postgres("orders", { host: far, allow: here });
  postgres("stock", { host: far, user: "keeper", dependsOn: [nginx] });
});
