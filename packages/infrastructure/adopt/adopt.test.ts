import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { InventoryItem, InventoryNote } from "@havn/model";
import { caseFiles } from "@havn/testkit";
import { partsOf } from "../host/inventory/accounts.ts";
import { parseStatus } from "../host/inventory/dpkg.ts";
import { isIgnored, undeclared } from "./declared.ts";
import { printAdoption } from "./print.ts";
import { hideSecrets, looksSecret } from "./secrets.ts";

interface Case {
  host: string;
  items: InventoryItem[];
  notes: InventoryNote[];
}

/** What was found → the TypeScript, then what stands beside it. `UPDATE_CASES=1` rewrites; read the difference. */
for (const { path, name, text } of caseFiles(new URL("cases/", import.meta.url), ".json"))
  test(`adopt: ${name}`, () => {
    const { host, items, notes } = JSON.parse(text) as Case;
    const hidden = hideSecrets(host, items);
    const printed = printAdoption({ host, items: hidden.items, notes, secrets: hidden.secrets });
    const told = [
      printed.text,
      ...printed.files.map(({ path: place, content, encoding }) => `==> ${place} (${encoding})\n${content}`),
      ...hidden.secrets.map((secret) => `==> secret ${secret.name} (${secret.of})\n`),
      ...hidden.bare.map((bare) => `==> bare ${bare}\n`),
    ].join("\n");
    const golden = path.replace(/\.json$/, ".txt");
    if (process.env.UPDATE_CASES || !existsSync(golden)) writeFileSync(golden, told);
    assert.equal(told, readFileSync(golden, "utf8"));
  });

test("what looks like a key or a password is hidden, other settings are not", () => {
  for (const [path, text] of [
    ["/etc/ssl/private/a.pem", "x"],
    ["/etc/a.conf", "-----BEGIN OPENSSH PRIVATE KEY-----\n"],
    ["/etc/a.conf", "  password = hunter2\n"],
    ["/etc/a.yaml", "db:\n  api_key: 'abcd1234'\n"],
    ["/etc/a.json", '{ "clientSecret": "abcd1234" }'],
    ["/etc/default/a", "export DB_PASSWORD=hunter2"],
    ["/etc/a", "url = postgres://shop:hunter2@db/shop"],
    ["/etc/nginx/.htpasswd", "ann:$apr1$x"],
  ] as const)
    assert.ok(looksSecret(path, text), `${path}: ${text}`);
  for (const [path, text] of [
    ["/etc/ssh/sshd_config", "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"],
    ["/etc/sudoers.d/ops", "%ops ALL=(ALL) NOPASSWD: /usr/bin/systemctl\n"],
    ["/etc/nsswitch.conf", "passwd: files systemd\n"],
    ["/etc/a.conf", "# password = hunter2\npassword = ${DB_PASSWORD}\n"],
    ["/etc/a.pem", "-----BEGIN CERTIFICATE-----\n"],
    ["/etc/a.conf", "token = none\nsecret: false\n"],
    ["/home/ann/id_ed25519.pub", "ssh-ed25519 AAAA"],
  ] as const)
    assert.ok(!looksSecret(path, text), `${path}: ${text}`);
});

test("what is declared, in whole or in part, is not unmanaged", () => {
  const item = (type: string, properties: Record<string, unknown>): InventoryItem => ({
    ...{ kind: "files", type, name: "x", properties },
  });
  const declared = (type: string, properties: Record<string, unknown>) => ({
    ...{ address: "e/x/h:x", type, name: "x", host: "h", properties, dependsOn: [] },
  });
  const key = "ssh-ed25519 AAAA";
  const items = [
    item("file", { path: "/etc/motd" }),
    item("file", { path: "/etc/hosts.d/a" }),
    item("authorized.key", { user: "ann", key: `${key} ann@laptop` }),
    item("package", { name: "curl" }),
    item("hostname", { name: "a" }),
  ];
  assert.deepEqual(
    undeclared(items, [
      declared("line", { path: "/etc/motd", line: "x" }),
      declared("directory", { path: "/etc/hosts.d" }),
      declared("authorized.key", { user: "ann", key }),
      declared("package", { name: "curl", absent: true }),
      declared("hostname", { name: "b" }),
    ]).map(({ properties }) => properties),
    [{ path: "/etc/hosts.d/a" }],
  );
});

test("what is ignored is ignored by kind or by name", () => {
  const cron = { kind: "cron", name: "/etc/cron.d/backup" } as const;
  assert.ok(isIgnored(cron, ["cron"]));
  assert.ok(isIgnored(cron, ["/etc/*.d/*"]));
  assert.ok(!isIgnored(cron, ["/etc/cron", "backup"]));
});

test("restrictions of keys are parted where no quotes stand; dpkg's record is read", () => {
  assert.deepEqual(partsOf('from="10.0.0.0/8,::1",command="a \\" , b",no-pty'), [
    'from="10.0.0.0/8,::1"',
    'command="a \\" , b"',
    "no-pty",
  ]);
  const [nginx, gone] = parseStatus(
    [
      "Package: nginx\nStatus: hold ok installed\nPriority: optional\nConffiles:\n /etc/nginx/a 0123456789abcdef0123456789abcdef\n /etc/old 0123456789abcdef0123456789abcdef obsolete\nVersion: 1",
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
    ].join("\n\n"),
  );
  assert.equal(gone, undefined);
  assert.deepEqual(nginx, {
    ...{ name: "nginx", held: true, base: false, neededLibrary: false },
    configuration: new Map([["/etc/nginx/a", "0123456789abcdef0123456789abcdef"]]),
  });
});

test("what others need was chosen by nobody, also where apt keeps no record of that", () => {
  const installed = (name: string, ...fields: string[]) =>
    [`Package: ${name}`, "Status: install ok installed", ...fields].join("\n");
  const packages = parseStatus(
    [
      installed("dpkg", "Essential: yes", "Pre-Depends: libz (>= 1) | libz2, tar:any"),
      installed("tar"),
      installed("libz", "Section: libs", "Depends: data"),
      installed("data"),
      installed("nginx", "Section: httpd", "Depends: libgd (>= 2.3), openssl"),
      installed("libgd", "Section: libs"),
      installed("openssl", "Section: utils"),
      installed("libown", "Section: contrib/libs"),
    ].join("\n\n"),
  );
  const named = (is: "base" | "neededLibrary") => packages.filter((one) => one[is]).map(({ name }) => name);
  assert.deepEqual(named("base"), ["dpkg", "tar", "libz", "data"]);
  assert.deepEqual(named("neededLibrary"), ["libz", "libgd"]);
});
