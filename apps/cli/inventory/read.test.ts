import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { literalOrText } from "./literal.ts";
import { readAnsible, readSshConfig } from "./read.ts";

const { signal } = new AbortController();
const at = (name: string) => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));

/** Lists of hosts and groups have no order. */
const sorted = (value: unknown, inVariables = false): unknown =>
  Array.isArray(value)
    ? inVariables
      ? value
      : value.toSorted()
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value).map(([key, inner]) => [
            key,
            sorted(inner, inVariables || key === "hostvars"),
          ]),
        )
      : value;

for (const path of ["ini/hosts", "yaml/hosts.yml", "program/inventory.sh"])
  test(`${path} is read as ansible-inventory reads it`, async () => {
    const golden = JSON.parse(readFileSync(at(`${path.split("/")[0]}.golden.json`), "utf8"));
    const { _meta, ...groups } = await readAnsible(at(path), signal);
    // Hosts without variables are left out there.
    const told = Object.entries(_meta.hostvars).filter(([, vars]) => Object.keys(vars).length > 0);
    deepStrictEqual(sorted({ _meta: { hostvars: Object.fromEntries(told) }, ...groups }), sorted(golden));
  });

test("values as Python reads them", () => {
  const cases: [string, unknown][] = [
    ["80", 80],
    ["0644", "0644"],
    ["0x10", 16],
    ["1_000", 1000],
    ["-3", -3],
    ["1e3", 1000],
    ["1.50", 1.5],
    ["True", true],
    ["true", "true"],
    ["None", null],
    ["'it''s'", "'it''s'"],
    ["'x y'", "x y"],
    ['"a\\"b"', 'a"b'],
    ["[1, 'two', [3]]", [1, "two", [3]]],
    ["{'a': 1, 'b': [2]}", { a: 1, b: [2] }],
    ["(1, 2,)", [1, 2]],
    ["[1", "[1"],
    ["192.0.2.1", "192.0.2.1"],
    ["", ""],
    ["{{ x }}", "{{ x }}"],
  ];
  for (const [text, value] of cases) deepStrictEqual(literalOrText(text), value, text);
});

test("a mistake is told with its line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "havn-inventory-"));
  try {
    const path = join(folder, "hosts");
    writeFileSync(path, "[web]\nweb-1 ansible_host\n");
    await rejects(readAnsible(path, signal), /hosts:2: "ansible_host" is no name=value/);
    writeFileSync(path, "[web:kids]\n");
    await rejects(readAnsible(path, signal), /":kids" is no kind of section/);
    await rejects(readAnsible(join(folder, "none"), signal), /There is no inventory/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an SSH configuration is read as ssh reads it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "havn-ssh-"));
  try {
    const path = join(folder, "config");
    writeFileSync(
      join(folder, "more"),
      "Host inner\n  HostName 10.1.2.3\n  ProxyJump bastion,second\n  Port 2200\n",
    );
    writeFileSync(
      path,
      `Include ${folder}/mo*\nHost bastion "quoted name" *.example.org !no.example.org\n  HostName 192.0.2.9\n  User ops\n` +
        "Match host 192.0.2.9\n  IdentityFile /keys/bastion\nHost *\n  User everyone\n",
    );
    const { _meta, ungrouped } = await readSshConfig(path, signal);
    deepStrictEqual(ungrouped, {
      hosts: ["bastion", "inner", "quoted name"].filter((name) => name in _meta.hostvars),
    });
    deepStrictEqual(_meta.hostvars["inner"], {
      ansible_host: "10.1.2.3",
      ansible_port: 2200,
      ansible_user: "everyone",
      ansible_ssh_common_args: "-J bastion,second",
    });
    const told = execFileSync("ssh", ["-F", path, "-G", "bastion"], { encoding: "utf8" });
    strictEqual(/^user (.*)$/m.exec(told)?.[1], _meta.hostvars["bastion"]?.["ansible_user"]);
    strictEqual(_meta.hostvars["bastion"]?.["ansible_ssh_private_key_file"], "/keys/bastion");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
