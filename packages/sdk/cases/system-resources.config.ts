import {
  alternatives, authorizedKey, cron, dpkgDiversion, environment, group, host, hostname, hostsEntry, kernelModule,
  locale, mount, secret, sudoRule, swap, sysctl, timezone, user,
} from "havn";

export default environment("system", {}, () => {
  const web = host("web-1", { ssh: { address: "10.0.0.7" } });
  const db = host("db-1", { ssh: { address: "10.0.0.8" } });
  const ops = group("ops", { host: web, gid: 1500 });
  const deploy = user("deploy", { host: web, groups: ["adm", ops], passwordHash: secret("deploy-hash"), locked: true });
  group("readers", { host: web, members: [deploy, "www-data"] });
  authorizedKey(deploy, { host: web, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJoeKey ann@laptop", options: ["no-pty"] });
  sudoRule("deploy", { host: web, user: deploy, commands: ["/usr/bin/systemctl restart shop"], noPassword: true });
  sudoRule("ops", { host: web, user: ops });
  cron("backup", { host: web, schedule: "15 3 * * *", command: "backup", user: deploy, environment: { TOKEN: secret("backup") } });
  sysctl("net.ipv4.ip_forward", { host: web, value: 1 });
  kernelModule("zram", { host: db, options: "num_devices=2" });
  hostname("web-1.example.org", { host: web });
  hostsEntry("db", { host: web, address: db.address, aliases: ["db.example.org"] });
  hostsEntry("db", { host: web, address: "fd00::8" });
  timezone("Europe/Berlin", { host: web });
  locale("de_DE.UTF-8", { host: web, default: true });
  mount("/srv/data", { host: db, device: "LABEL=data", type: "ext4", options: "noatime" });
  swap("/swapfile", { host: db, size: "2G", priority: 10 });
  alternatives("editor", { host: web, path: "/usr/bin/vim.basic" });
  dpkgDiversion("/usr/sbin/sendmail", { host: web, to: "/usr/sbin/sendmail.real" });
});
