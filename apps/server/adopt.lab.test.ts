import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Havn, openHavn } from "./testing/havn.ts";
import { placesOf, readFilesBelow, readPostgres } from "./testing/leaks.ts";
import { ssh } from "./testing/ssh.ts";

// A host that people worked on is taken over with the command line. Each step stands on the ones before.
const configuration = (adopted: boolean) => `
import { environment, fact, file, host, machine, text } from "havn";
${adopted ? 'import { adoptedWeb1 } from "./adopted.ts";' : ""}
export default environment("lab", {}, () => {
  const web = host("web-1", { machine: machine("web-1") });
  file("/etc/told", { host: web, content: text\`\${fact.os.id} \${fact.os.codename} of \${fact.network.hostname}\\n\` });
  file("/etc/here", { host: web, content: "here\\n", when: fact.os.id.equals("debian") });
  file("/etc/elsewhere", { host: web, content: "elsewhere\\n", when: fact.os.id.oneOf("fedora", "alpine") });
  ${adopted ? "adoptedWeb1(web);" : ""}
});
`;

const password = "hunter2-of-the-test";
/** What people do by hand, without anything that has to be fetched. */
const byHand = [
  "groupadd --gid 1500 ops && useradd --create-home --shell /bin/bash --groups ops ann",
  "echo 'ann:correct horse' | chpasswd",
  "mkdir -p -m 700 ~ann/.ssh && echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xNdGtr ann@laptop' > ~ann/.ssh/authorized_keys && chown -R ann: ~ann/.ssh",
  "mkdir -p -m 750 /etc/worker && chgrp ops /etc/worker && seq 400 > /etc/worker/numbers.conf",
  `install -m 600 /dev/null /etc/worker/database.conf && echo 'password = ${password}' > /etc/worker/database.conf`,
  "printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/worker.service",
  "systemctl daemon-reload && systemctl --quiet enable --now worker.service",
  "echo '17 3 * * * root /usr/local/bin/backup' > /etc/cron.d/backup && echo 'Welcome.' > /etc/motd",
  "echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/50-router.conf",
];

let havn: Havn;
let directory: string;
let ip = "";
before(async () => {
  directory = await mkdtemp("/tmp/havn-adopt-");
  await writeFile(join(directory, "havn.config.ts"), configuration(false));
  havn = await openHavn("adopt");
});
after(async () => {
  await havn?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const bound = { timeout: 900_000 };
const on = async (command: string) => (await ssh(havn.dataDirectory, ip, command)).trim();

test("facts stand in texts and decide what is made; the command line tells them", bound, async () => {
  await havn.must(["up", directory, "--yes"]);
  ip = (await havn.status("lab")).hosts[0]?.ip ?? "";
  const name = await on("hostname");
  assert.equal(
    await on("cat /etc/told /etc/here; test ! -e /etc/elsewhere"),
    `debian bookworm of ${name}\nhere`,
  );
  assert.match((await havn.must(["facts", "web-1"])).stdout, /bookworm/);
  const { os } = JSON.parse((await havn.must(["facts", "web-1", "os", "--json"])).stdout);
  assert.deepEqual([os.id, os.codename], ["debian", "bookworm"]);
  const { stdout } = await havn.must(["plan", directory]);
  assert.match(stdout, /No changes/i);
  assert.match(stdout, /elsewhere.*os\.id is debian, wanted one of fedora, alpine/s);
});

test("what is unmanaged is listed, and what is in it is not", bound, async () => {
  for (const command of byHand) await on(command);
  const { stdout } = await havn.must(["adopt", "web-1", "--list"], 2);
  for (const name of ["ann", "ops", "worker.service", "/etc/worker/numbers.conf", "/etc/cron.d/backup"])
    assert.ok(stdout.includes(name), `${name} in ${stdout}`);
  const listed = await havn.must(["adopt", "web-1", "--list", "--json"], 2);
  assert.ok(!listed.stdout.includes(password));
});

test("adopted, planned right after: no changes; applied, nothing more is unmanaged", bound, async () => {
  const told = await havn.must(["adopt", "web-1", "--write", join(directory, "adopted.ts")]);
  await writeFile(join(directory, "havn.config.ts"), configuration(true));
  const planned = await havn.must(["plan", directory]);
  assert.match(planned.stdout, /No changes/i);
  const applied = await havn.must(["apply", directory, "--yes"]);
  const listed = await havn.must(["adopt", "web-1", "--list"]);
  assert.match(listed.stdout, /Nothing unmanaged/);
  await havn.must(["drift", "--refresh"]);
  await on("seq 3 > /etc/worker/numbers.conf");
  assert.match((await havn.must(["drift", "--refresh"], 2)).stdout, /\/etc\/worker\/numbers\.conf/);

  const hash = /^ann:([^:]+)/.exec(await on("getent shadow ann"))?.[1] ?? "";
  assert.match((await havn.must(["secret", "list"])).stdout, /adopted-web-1-etc-worker-database-conf/);
  const everything = {
    ...(await readFilesBelow(directory)),
    "what was told": told.stdout + told.stderr + planned.stdout + applied.stdout,
    "PostgreSQL, all schemas": await readPostgres(havn),
    timeline: JSON.stringify(await havn.events("lab")),
  };
  assert.deepEqual(placesOf(everything, { password, hash }), []);
  assert.deepEqual((await readdir(join(directory, "web-1/etc/worker"))).sort(), ["numbers.conf"]);
  assert.match(await readFile(join(directory, "adopted.ts"), "utf8"), /export function adoptedWeb1/);
});

test("no longer declared, all that was there before Havn stays", bound, async () => {
  const look =
    "getent passwd ann; getent group ops; id -nG ann; cat ~ann/.ssh/authorized_keys; stat -c '%n %a %U:%G' /etc/worker /etc/worker/*; " +
    "sha256sum /etc/worker/database.conf /etc/cron.d/backup /etc/motd /etc/sysctl.d/50-router.conf /etc/systemd/system/worker.service; " +
    "systemctl is-active worker; systemctl is-enabled worker; dpkg-query -W | sha256sum";
  const before = await on(look);
  await writeFile(join(directory, "havn.config.ts"), configuration(false));
  await havn.must(["apply", directory, "--yes"]);
  assert.equal(await on(look), before);
});
