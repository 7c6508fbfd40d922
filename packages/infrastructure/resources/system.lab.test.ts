import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, test } from "node:test";
import type { ResourceReport } from "@havn/fleet/protocol";
import {
  alternatives,
  authorizedKey,
  certificate,
  cron,
  dpkgDiversion,
  group,
  host,
  hostname,
  hostsEntry,
  kernelModule,
  locale,
  mariadbDatabase,
  mariadbGrant,
  mariadbUser,
  mount,
  nftablesTable,
  packageRepository,
  pipPackage,
  package as pkg,
  postgres,
  postgresExtension,
  postgresGrant,
  postgresRole,
  secret,
  sudoRule,
  swap,
  sysctl,
  systemdUnit,
  timezone,
  user,
} from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";

let lab: LabHost;

before(async () => {
  lab = await openLabHost("web-1");
  Object.assign(lab.secrets, {
    // "correct horse", by crypt's yescrypt.
    hash: "$6$havnhavn$qFmFH.bQmmtXzcBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
    token: "backup-token-of-the-lab",
    reporter: "reporter-password-of-the-lab",
    clerk: "clerk-password-of-the-lab",
    answer: "ops@answers.example.org",
    "postgres-web-1-shop": "shop-password-of-the-lab",
  });
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);
const states = (reports: ResourceReport[]) =>
  reports.map(({ address, state, error }) => `${address.split("/")[1]} ${state}${error ? `: ${error}` : ""}`);
/** A package may be in the image already. */
const ofHavn = (reports: ResourceReport[]) => reports.filter(({ address }) => !address.includes("/package/"));
function allAre(reports: ResourceReport[], state: string): void {
  assert.deepEqual(
    states(reports).filter((text) => !text.endsWith(` ${state}`)),
    [],
  );
}

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xNdGtr ann@laptop";
const web = () => host("web-1", { ssh: { address: "10.0.0.1" } });

const accounts = () =>
  lab.resourcesOf(() => {
    const web1 = web();
    const sudo = pkg("sudo", { host: web1 });
    const ops = group("ops", { host: web1, gid: 1500 });
    const deploy = user("deploy", {
      ...{ host: web1, uid: 1501, groups: ["adm", ops], comment: "Deployments", shell: "/bin/bash" },
      ...{ passwordHash: secret("hash"), locked: true },
    });
    authorizedKey(deploy, { host: web1, key, options: ["no-pty"] });
    sudoRule("deploy", {
      host: web1,
      user: deploy,
      commands: ["/usr/bin/id"],
      noPassword: true,
      dependsOn: sudo,
    });
  });

test("accounts: made, left alone, mended, removed", async () => {
  const resources = accounts();
  allAre(ofHavn(await lab.apply(resources)), "changed");
  assert.equal(
    await on("id deploy"),
    "uid=1501(deploy) gid=1501(deploy) groups=1501(deploy),4(adm),1500(ops)",
  );
  assert.equal(await on("getent shadow deploy | cut -d: -f2"), `!${lab.secrets.hash}`);
  assert.equal(await on("cat ~deploy/.ssh/authorized_keys"), `no-pty ${key}`);
  assert.equal(
    await on("stat -c '%U %a' ~deploy/.ssh ~deploy/.ssh/authorized_keys"),
    "deploy 700\ndeploy 600",
  );
  assert.equal(await on("runuser -u deploy -- sudo -n id -u"), "0");
  allAre(await lab.apply(resources), "unchanged");

  await on(
    "usermod --shell /bin/sh --unlock deploy; gpasswd --delete deploy ops; chmod 644 /etc/sudoers.d/deploy",
  );
  await on(
    "echo 'ssh-ed25519 AAAAother other' >> ~deploy/.ssh/authorized_keys; sed -i s/no-pty// ~deploy/.ssh/authorized_keys",
  );
  const drift = await lab.drift(resources);
  assert.deepEqual(
    drift.map(({ address, changes }) => [address.split("/")[1], changes.map(({ property }) => property)]),
    [
      ["user", ["shell", "groups", "locked"]],
      ["authorized.key", ["key"]],
      ["sudo.rule", ["mode"]],
    ],
  );
  await lab.apply(resources);
  assert.deepEqual(await lab.drift(resources), []);
  assert.equal(await on("cat ~deploy/.ssh/authorized_keys"), `no-pty ${key}\nssh-ed25519 AAAAother other`);

  const bad = resources.map((one) =>
    one.type === "sudo.rule" ? { ...one, properties: { ...one.properties, runAs: "ALL) oops (" } } : one,
  );
  const [failed] = (await lab.apply(bad)).filter(({ state }) => state === "failed");
  assert.match(failed?.error ?? "", /visudo/);
  await on("visudo --check --quiet && ls -A /etc/sudoers.d | grep -c . | grep -qx 2");

  await on("ln -s /root/stolen ~deploy/.ssh/trap; touch ~deploy/kept");
  allAre(await lab.apply([], resources.filter(({ type }) => type !== "package").reverse()), "changed");
  await on(
    "! id deploy && ! getent group ops && ! test -e /etc/sudoers.d/deploy && test -e /home/deploy/kept",
  );
});

test("authorized keys: a user's link does not lead root astray", async () => {
  const resources = accounts().filter(({ type }) => type !== "sudo.rule");
  await lab.apply(resources.filter(({ type }) => type !== "authorized.key"));
  await on(
    "mkdir -p /root/safe && rm -rf ~deploy/.ssh && runuser -u deploy -- ln -s /root/safe /home/deploy/.ssh",
  );
  const [failed] = (await lab.apply(resources)).filter(({ state }) => state === "failed");
  assert.match(failed?.error ?? "", /Permission denied/);
  assert.equal(await on("ls -A /root/safe"), "");
  await on("rm /home/deploy/.ssh");
  await lab.apply([], resources.filter(({ type }) => type !== "package").reverse());
});

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

test("packages: answers, holds, archives, environments of Python", async () => {
  await on(wheel);
  const archive = (
    await on("grep -rhoE '(https?|file):[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d | head -1")
  ).trim();
  const resources = lab.resourcesOf(() => {
    const web1 = web();
    const again = packageRepository("again", {
      host: web1,
      uris: [archive],
      suites: ["bookworm"],
      components: ["main"],
      keyFile: "/usr/share/keyrings/debian-archive-keyring.gpg",
    });
    pkg("popularity-contest", {
      host: web1,
      answers: { "popularity-contest/participate": false },
      hold: true,
      dependsOn: again,
    });
    const venv = pkg("python3-venv", { host: web1, version: "3.*" });
    pipPackage("Havn_Tool", {
      host: web1,
      environment: "/opt/tools",
      version: "1.0",
      wheels: "/srv/wheels",
      dependsOn: venv,
    });
  });
  allAre(await lab.apply(resources), "changed");
  assert.equal(
    await on("apt-mark showhold; /opt/tools/bin/python -c 'import havn_tool; print(havn_tool.__doc__)'"),
    "popularity-contest\nlab",
  );
  assert.equal(await on("debconf-show popularity-contest | grep -c 'participate: false'"), "1");
  allAre(await lab.apply(resources), "unchanged");

  await on(
    "apt-mark unhold popularity-contest; echo 'popularity-contest popularity-contest/participate boolean true' | debconf-set-selections; rm -rf /var/lib/apt/lists/*_dists_*",
  );
  const drift = await lab.drift(resources);
  assert.deepEqual(
    drift.map(({ changes }) => changes.map(({ property }) => property)),
    [["lists"], ["hold", "answers.popularity-contest/participate"]],
  );
  await lab.apply(resources);
  assert.deepEqual(await lab.drift(resources), []);
  const removed = await lab.apply([], [...resources].reverse());
  allAre(removed, "changed");
  await on(
    "! dpkg -s popularity-contest && ! test -e /etc/apt/sources.list.d/again.sources && test -x /opt/tools/bin/pip",
  );
});

/** A wheel by hand: two files and the list of them. */
const wheel = `mkdir -p /srv/wheels && cd /srv/wheels && perl -MIO::Compress::Zip -e '
  my $i = "havn_tool-1.0.dist-info";
  my @f = (["havn_tool.py", "\\"\\"\\"lab\\"\\"\\"\\n"], ["$i/METADATA", "Metadata-Version: 2.1\\nName: havn-tool\\nVersion: 1.0\\n"],
    ["$i/WHEEL", "Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"],
    ["$i/RECORD", "havn_tool.py,,\\n$i/METADATA,,\\n$i/WHEEL,,\\n$i/RECORD,,\\n"]);
  my $z = IO::Compress::Zip->new("havn_tool-1.0-py3-none-any.whl", Name => $f[0][0]); $z->print($f[0][1]);
  for (@f[1..3]) { $z->newStream(Name => $_->[0]); $z->print($_->[1]); } $z->close;'`;

test("databases: roles, rights, extensions; MariaDB", async () => {
  const resources = lab.resourcesOf(() => {
    const web1 = web();
    const shop = postgres("shop", { host: web1 });
    const reporter = postgresRole("reporter", {
      host: web1,
      password: secret("reporter"),
      memberOf: ["pg_monitor"],
      dependsOn: shop,
    });
    postgresGrant("connect", {
      host: web1,
      role: reporter,
      database: shop,
      on: "database",
      privileges: ["CONNECT"],
    });
    postgresGrant("reports", {
      host: web1,
      role: reporter,
      database: shop,
      on: "tables",
      schema: "pg_catalog",
      objects: ["pg_authid"],
      privileges: ["SELECT"],
    });
    postgresExtension("pg_trgm", { host: web1, database: shop });
    const server = pkg("mariadb-server", { host: web1 });
    const orders = mariadbDatabase("orders_lab", { host: web1, characterSet: "utf8mb4", dependsOn: server });
    const clerk = mariadbUser("clerk", { host: web1, password: secret("clerk"), dependsOn: server });
    mariadbGrant("orders", { host: web1, user: clerk, database: orders, privileges: ["SELECT", "CREATE"] });
  });
  allAre(await lab.apply(resources), "changed");
  const { reporter, clerk } = lab.secrets;
  assert.equal(
    await on(
      `PGPASSWORD=${reporter} psql -h 127.0.0.1 -U reporter -d shop -Atc "select count(*) > 0 from pg_authid"`,
    ),
    "t",
  );
  assert.equal(
    await on("runuser -u postgres -- psql -d shop -Atc \"select similarity('havn', 'havn')\""),
    "1",
  );
  await on(`mariadb -uclerk -p${clerk} orders_lab -e 'create table t (n int); select * from t'`);
  allAre(await lab.apply(resources), "unchanged");

  await on(
    "runuser -u postgres -- psql -d shop -qc 'alter role reporter createdb; revoke select on pg_authid from reporter'",
  );
  await on(
    "mariadb -e \"grant insert on \\`orders\\\\_lab\\`.* to clerk@localhost; set password for clerk@localhost = password('x')\"",
  );
  const drift = await lab.drift(resources);
  const differs = drift.map(
    ({ address, changes: [change] }) => `${address.split("/")[1]} ${change?.property} ${change?.before}`,
  );
  assert.deepEqual(differs.sort(), [
    "mariadb.grant privileges CREATE, INSERT, SELECT",
    "mariadb.user password (secret)",
    "postgres.grant privileges undefined",
    "postgres.role createDatabases true",
  ]);
  await lab.apply(resources);
  assert.deepEqual(await lab.drift(resources), []);
  await on(
    `! journalctl --no-pager | grep -E '${reporter}|${clerk}'; ! grep -rE '${reporter}|${clerk}' /var/lib/havn-test /var/log`,
  );
  const typed = resources.filter(({ type }) => /^(mariadb|postgres)\./.test(type));
  allAre(await lab.apply([], typed.reverse()), "changed");
  assert.equal(
    await on(
      "mariadb -BNe \"select count(*) from mysql.global_priv where User = 'clerk'; show databases like 'orders%'\"",
    ),
    "0",
  );
});

test("firewall: confirmed, left alone, mended; a change that cuts the host off is taken back", async (t) => {
  const listening = createServer((socket) => socket.destroy()).listen(0, lab.bridgeAddress);
  await once(listening, "listening");
  t.after(() => listening.close());
  const { port } = listening.address() as AddressInfo;
  lab.env.HAVN_REACH = `${lab.bridgeAddress}:${port}`;
  const firewall = (output: string, confirmWithin = 5) =>
    lab.resourcesOf(() => {
      const web1 = web();
      const nft = pkg("nftables", { host: web1 });
      nftablesTable("lab", {
        ...{ host: web1, dependsOn: nft, confirmWithin },
        rules: `  chain output {\n    type filter hook output priority 0; policy accept;\n    ${output}\n  }`,
      });
    });
  const listed = () => on("nft list table inet lab");
  const good = firewall("tcp dport 9 counter drop");
  const bad = firewall(`tcp dport ${port} drop`);
  await t.test("confirmed", async () => {
    allAre(ofHavn(await lab.apply(good)), "changed");
    assert.match(await listed(), /dport 9 counter/);
    assert.equal(await on("systemctl is-enabled havn-nftables-inet-lab"), "enabled");
    assert.equal(await on("ls /run/havn; systemctl list-timers --no-legend 'havn-*'"), "");
    allAre(await lab.apply(good), "unchanged");
  });
  await t.test("flushed by hand it is drift, and comes back also without the control plane", async () => {
    await on("nft flush table inet lab");
    assert.deepEqual(
      (await lab.drift(good)).map(({ changes }) => changes.map(({ property }) => property)),
      [["live"]],
    );
    lab.env.HAVN_REACH = "127.0.0.1:1";
    await lab.apply(good);
    lab.env.HAVN_REACH = `${lab.bridgeAddress}:${port}`;
    assert.deepEqual(await lab.drift(good), []);
    await on("systemctl restart havn-nftables-inet-lab");
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("rules that nft does not take change nothing", async () => {
    const [, failed] = await lab.apply(firewall("tcp dport banana drop"));
    assert.match(failed?.error ?? "", /nft does not take the rules of table inet lab\. line 3/);
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("out of reach with the new rules, the old ones are back at once", async () => {
    const [, failed] = await lab.apply(bad);
    assert.match(failed?.error ?? "", /out of reach with the new rules of table inet lab/);
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("the agent dies in the middle: the host's own timer brings the old ones back", async () => {
    const slow = firewall(`tcp dport ${port} drop`, 20);
    await lab.interrupt(slow, `nft list table inet lab | grep -q "dport ${port} drop"`);
    assert.match(await listed(), new RegExp(`dport ${port} drop`));
    await on(
      "for n in $(seq 1800); do test -e /run/havn/nftables-inet-lab.revert || exit 0; sleep 0.1; done; exit 1",
    );
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("removed", async () => {
    allAre(ofHavn(await lab.apply([], [...good].reverse())), "changed");
    await on(
      "! test -e /etc/havn/nftables/inet-lab.nft && ! test -e /etc/systemd/system/havn-nftables-inet-lab.service",
    );
  });
});
