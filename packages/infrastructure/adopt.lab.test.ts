import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Inventory, Resource } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { type HostHandle, host } from "havn";
import { undeclared } from "./adopt/declared.ts";
import { composeAdoption } from "./planning/adoption.ts";
import { type LabHost, openLabHost } from "./testing/lab-host.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
  await lab.machine.copy(fileURLToPath(new URL("testing/mess.sh", import.meta.url)), "/root/mess.sh");
  await lab.on("sh -x /root/mess.sh > /root/mess.log 2>&1 || { tail -20 /root/mess.log >&2; exit 1; }");
});
after(() => lab?.[Symbol.asyncDispose]());

/** The written module as a configuration would call it. */
async function evaluate(
  text: string,
  files: { path: string; content: string; encoding: "utf8" | "base64" }[],
) {
  const directory = await temporaryDirectory("adopted");
  try {
    // The module finds the SDK as every configuration does.
    await symlink(
      fileURLToPath(new URL("../../node_modules", import.meta.url)),
      join(directory.path, "node_modules"),
    );
    for (const { path, content, encoding } of files) {
      await mkdir(dirname(join(directory.path, path)), { recursive: true });
      await writeFile(join(directory.path, path), Buffer.from(content, encoding));
    }
    const module = join(directory.path, "web-1.ts");
    await writeFile(module, text);
    const { adoptedWeb1 } = (await import(pathToFileURL(module).href)) as {
      adoptedWeb1(on: HostHandle): void;
    };
    return lab.resourcesOf(() => adoptedWeb1(host("web-1", { ssh: { address: "10.0.0.1" } })));
  } finally {
    await rm(join(directory.path, "node_modules"));
    await directory[Symbol.asyncDispose]();
  }
}

/** What the script did, as it must be found. */
const expected = `
package nginx-light
package python3-venv
package bc
package sudo
file /etc/apt/keyrings/example.asc
file /usr/share/keyrings/example-archive.gpg
file /etc/apt/sources.list.d/example.list
file /etc/apt/preferences.d/example
group ops
group renderers
user ann
user bob
user worker
user www-data
authorized.key ann: ann@laptop
authorized.key ann: backup of everything
sudo.rule ops
file /etc/sudoers
hostname hostname
timezone timezone
locale nb_NO.UTF-8
hosts.entry db.internal
hosts.entry db.internal (IPv6)
mount /srv/scratch
mount /srv/later
file /etc/sysctl.d/50-router.conf
file /etc/sysctl.conf
file /etc/modules-load.d/bridge.conf
file /etc/modprobe.d/quiet.conf
alternatives awk
alternatives greet
dpkg.diversion /usr/bin/bc
dpkg.diversion /usr/bin/dc
systemd.unit worker.service
systemd.unit sweep.service
systemd.unit sweep.timer
systemd.unit nginx.service
systemd.unit cron.service
systemd.unit apt-daily.timer
systemd.unit nftables.service
file /etc/cron.d/backup
file /etc/cron.daily/tidy
file /var/spool/cron/crontabs/ann
file /etc/nftables.conf
file /etc/nginx/nginx.conf
file /etc/nginx/fastcgi.conf
file /etc/nginx/sites-available/shop
symlink /etc/nginx/sites-enabled/shop
directory /etc/worker
directory /etc/worker/conf.d
file /etc/worker/worker.conf
file /etc/worker/conf.d/database.conf
file /etc/worker/model.bin
file /etc/worker/empty
file /etc/worker/a name.txt
file /etc/ssl/private/shop.key
file /etc/motd
mariadb.database shop
mariadb.user ann@localhost
`;

let adopted: Resource[];

test("a machine that people changed in many ways is adopted: planned right after, nothing changes", async (t) => {
  const inventory = await lab.inventory();
  t.diagnostic(`the inventory took ${inventory.tookMs} ms`);
  const composed = await composeAdoption(inventory, { environment: "shop", host: "web-1" }, (resources) =>
    lab.read([...resources]),
  );
  const found = new Set(composed.items.map(({ type, name }) => `${type} ${name}`));
  const missing = expected
    .trim()
    .split("\n")
    .filter((one) => !found.has(one));
  assert.deepEqual(missing, [], composed.notes.map(({ name, note }) => `${name} ${note}`).join("\n"));
  // Nothing but what nobody can declare is left out.
  assert.deepEqual(composed.notes.map(({ name }) => name).sort(), ["MariaDB user app@%", "inet filter"]);
  // Neither the text nor what stands beside it holds a secret.
  const written = [composed.text, ...composed.files.map(({ content }) => content)].join("\n");
  for (const { value } of composed.secrets) assert.ok(!written.includes(value.trim()));
  assert.doesNotMatch(written, /hunter2|PRIVATE KEY|\$y\$/);
  assert.deepEqual(composed.secrets.map(({ of }) => of).sort(), [
    "/etc/ssl/private/shop.key",
    "/etc/worker/conf.d/database.conf",
    "password of ann",
  ]);

  for (const { name, value } of composed.secrets) lab.secrets[name] = value;
  adopted = await evaluate(composed.text, composed.files);
  assert.equal(adopted.length, composed.items.length);
  const differing = (await lab.read(adopted)).filter(
    ({ action, error }) => action !== "no-op" || error !== undefined,
  );
  assert.deepEqual(differing, []);
});

test("applied, it changes nothing, and what is changed afterwards is drift", async () => {
  const reports = await lab.apply(adopted);
  assert.deepEqual(
    reports.filter(({ state }) => state !== "unchanged"),
    [],
  );
  await lab.on("echo 'threads = 8' > /etc/worker/worker.conf; systemctl --quiet disable worker.service");
  assert.deepEqual((await lab.drift(adopted)).map(({ address }) => address.split(":")[1]).sort(), [
    "/etc/worker/worker.conf",
    "worker.service",
  ]);
  await lab.apply(adopted);
  assert.equal(
    await lab.on("cat /etc/worker/worker.conf; systemctl is-enabled worker"),
    "threads = 4\nenabled",
  );
});

test("what is declared is not found again", async () => {
  // Names only: this fails where any of the secrets is told.
  const names = await lab.inventory(true);
  // All of it, in clear: that is what it is for.
  for (const name of Object.keys(lab.secrets)) delete lab.secrets[name];
  const inventory = await lab.inventory();
  assert.deepEqual(
    undeclared(inventory.items, adopted).map(({ name }) => name),
    [],
  );
  const named = ({ items }: Inventory) => items.map(({ kind, type, name }) => `${kind} ${type} ${name}`);
  assert.deepEqual(named(names), named(inventory));
  assert.deepEqual(undeclared(names.items, adopted), []);
  assert.doesNotMatch(JSON.stringify(names), /threads = |ExecStart|hunter2/);
});
