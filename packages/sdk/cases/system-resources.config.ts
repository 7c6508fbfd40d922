import {
  alternatives, authorizedKey, certificate, cron, dpkgDiversion, environment, group, host, hostname, hostsEntry, kernelModule,
  locale, mariadbDatabase, mariadbGrant, mariadbUser, mount, nftablesTable, npmPackage, package as pkg, packageRepository, pipPackage,
  postgresExtension, postgresGrant, postgresRole, secret, sudoRule, swap, sysctl, systemdUnit, timezone, user,
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
  const archive = packageRepository("example", {
    host: web, uris: ["https://apt.example.org/debian"], suites: ["bookworm"], components: ["main"],
    key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
  });
  pkg("shop-tools", {
    host: web, version: "2.*", hold: true, answers: { "shop/mail": "ops@example.org", "shop/token": { type: "password", value: secret("token") } },
    dependsOn: archive,
  });
  pipPackage("httpie", { host: web, environment: "/opt/tools" });
  npmPackage("pm2", { host: web, version: "5.1.0" });
  const reporter = postgresRole("reporter", { host: db, password: secret("reporter"), memberOf: ["pg_monitor"] });
  postgresGrant("reports", { host: db, role: reporter, database: "shop", on: "tables", privileges: ["SELECT"] });
  postgresExtension("pg_trgm", { host: db, database: "shop" });
  const server = pkg("mariadb-server", { host: db });
  const orders = mariadbDatabase("orders", { host: db, characterSet: "utf8mb4", dependsOn: server });
  const clerk = mariadbUser("clerk", { host: db, from: "10.0.0.%", password: secret("clerk"), dependsOn: server });
  mariadbGrant("orders", { host: db, user: clerk, database: orders, privileges: ["ALL"] });
  nftablesTable("web", { host: web, rules: "chain input { type filter hook input priority 0; tcp dport 23 drop; }", dependsOn: pkg("nftables", { host: web }) });
  const tls = certificate("/etc/ssl/shop", { host: web, names: ["shop.example.org", web.address], group: "ssl-cert", keyMode: "0640" });
  systemdUnit("nginx", { host: web, reloadOn: tls, dropIns: { limits: "[Service]\nLimitNOFILE=65536\n" } });
});
