import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  alternatives,
  certificate,
  cron,
  dpkgDiversion,
  hostname,
  hostsEntry,
  kernelModule,
  locale,
  mount,
  package as pkg,
  secret,
  swap,
  sysctl,
  systemdUnit,
  timezone,
} from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { allAre, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
  Object.assign(lab.secrets, {
    token: "backup-token-of-the-lab",
  });
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

const system = () =>
  lab.resourcesOf(() => {
    const web1 = web();
    const packages = ["cron", "locales", "tzdata"].map((name) => pkg(name, { host: web1 }));
    cron("backup", {
      host: web1,
      schedule: "15 3 * * *",
      command: "date +%F",
      environment: { TOKEN: secret("token") },
      dependsOn: packages,
    });
    sysctl("net.ipv4.ip_forward", { host: web1, value: 1 });
    hostname("renamed", { host: web1 });
    hostsEntry("db", { host: web1, address: "10.9.8.7", aliases: ["db.example.org"] });
    hostsEntry("db", { host: web1, address: "fd00::7" });
    hostsEntry("cache", { host: web1, address: "10.9.8.6" });
    timezone("Europe/Berlin", { host: web1, dependsOn: packages });
    locale("de_DE.UTF-8", { host: web1, default: true, dependsOn: packages });
    certificate("/etc/ssl/site", {
      host: web1,
      names: ["shop.example.org", "10.9.8.7"],
      issuer: "self-signed",
    });
    mount("/srv/scratch", {
      host: web1,
      device: "tmpfs",
      type: "tmpfs",
      options: "size=1m,nosuid,mode=0700",
    });
    alternatives("pager", { host: web1, path: "/bin/more" });
    dpkgDiversion("/usr/bin/whoami", { host: web1 });
    systemdUnit("nightly.timer", {
      host: web1,
      content: "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
      dropIns: { later: "[Timer]\nRandomizedDelaySec=60\n" },
      dependsOn: systemdUnit("nightly", {
        host: web1,
        content: "[Service]\nType=oneshot\nExecStart=/bin/true\n",
        enabled: null,
        active: null,
      }),
    });
    systemdUnit("echo.socket", {
      host: web1,
      content: "[Socket]\nListenStream=/run/echo.sock\nAccept=yes\n[Install]\nWantedBy=sockets.target\n",
      dependsOn: systemdUnit("echo@", {
        host: web1,
        content: "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n",
        enabled: null,
        active: null,
      }),
    });
    systemdUnit("cron", {
      host: web1,
      dropIns: { limits: "[Service]\nLimitNOFILE=4096\n" },
      dependsOn: packages,
    });
  });

test("system: made, left alone, mended, put back as it was", async () => {
  const resources = system();
  const facts =
    "hostname; cat /etc/hostname; readlink /etc/localtime; cat /etc/hosts /etc/fstab; cat /proc/sys/net/ipv4/ip_forward; readlink /etc/alternatives/pager; cat /etc/default/locale || true; ls /etc/sysctl.d";
  const packages = resources.filter(({ type }) => type === "package");
  const others = resources.filter(({ type }) => type !== "package");
  await lab.apply(packages);
  const asItWas = await on(facts);
  allAre(await lab.apply(others), "changed");
  assert.equal(await on("hostname"), "renamed");
  assert.match(
    await on("openssl verify -CAfile /etc/ssl/site.crt /etc/ssl/site.crt && stat -c %a /etc/ssl/site.key"),
    /OK\n600$/,
  );
  assert.match(await on("getent hosts db.example.org"), /^10\.9\.8\.7 +db db\.example\.org$/);
  await on("grep -qx 'fd00::7 db' /etc/hosts");
  assert.equal(await on("date +%Z | grep -cE 'CES?T'"), "1");
  assert.match(await on("LC_ALL=de_DE.UTF-8 locale -k LC_TIME 2>&1"), /Montag/);
  assert.match(await on("findmnt -no FSTYPE,OPTIONS /srv/scratch"), /^tmpfs +rw,nosuid/);
  assert.equal(
    await on("cat /proc/sys/net/ipv4/ip_forward; readlink /etc/alternatives/pager"),
    "1\n/bin/more",
  );
  assert.equal(
    await on("dpkg-divert --list /usr/bin/whoami; ls /usr/bin/whoami.distrib"),
    "local diversion of /usr/bin/whoami to /usr/bin/whoami.distrib\n/usr/bin/whoami.distrib",
  );
  assert.equal(await on("systemctl is-active nightly.timer echo.socket"), "active\nactive");
  assert.equal(await on("systemctl show --value --property=LimitNOFILE cron"), "4096");
  assert.equal(
    await on("stat -c %a /etc/cron.d/backup; tail -1 /etc/cron.d/backup"),
    "600\n15 3 * * * root date +\\%F",
  );
  allAre(await lab.apply(others), "unchanged");

  await on(
    "hostname other; sysctl -qw net.ipv4.ip_forward=0; umount /srv/scratch; sed -i 's/10.9.8.7/10.9.8.8/; $a 10.1.1.1 own' /etc/hosts",
  );
  await on(
    "ln -sfT /usr/share/zoneinfo/UTC /etc/localtime; update-alternatives --auto pager; systemctl stop nightly.timer",
  );
  const drift = await lab.drift(others);
  assert.deepEqual(drift.map(({ address }) => address.split("/")[1]).sort(), [
    "alternatives",
    "hostname",
    "hosts.entry",
    "mount",
    "sysctl",
    "systemd.unit",
    "timezone",
  ]);
  await lab.apply(others);
  assert.deepEqual(await lab.drift(others), []);
  assert.match(await on("cat /etc/hosts"), /10\.1\.1\.1 own/);
  await on("sed -i '/10.1.1.1 own/d' /etc/hosts");

  allAre(await lab.apply([], [...others].reverse()), "changed");
  assert.equal(await on(facts), asItWas);
  await on(
    "! test -e /srv/scratch && ! test -e /etc/ssl/site.key && ! test -e /etc/cron.d/backup && ! test -e /usr/bin/whoami.distrib && ! test -e /etc/systemd/system/cron.service.d",
  );
});

test("what a container cannot do is said plainly", async () => {
  const resources = lab.resourcesOf(() => {
    const web1 = web();
    kernelModule("havn_no_such_module", { host: web1 });
    swap("/swapfile", { host: web1, size: "1M" });
    sysctl("vm.swappiness", { host: web1, value: 17 });
  });
  const reports = await lab.apply(resources);
  for (const { state, error } of reports) {
    assert.equal(state, "failed");
    assert.match(error ?? "", /This host is a container: its (kernel|memory) is another computer's/);
  }
  await on("! test -e /swapfile && ! grep swapfile /etc/fstab");
});
