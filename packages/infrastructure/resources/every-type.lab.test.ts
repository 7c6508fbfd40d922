import assert from "node:assert/strict";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ResourceReading, ResourceReport } from "@havn/fleet/protocol";
import { type HostHandle, host, kernelModule, packageRepository, swap } from "havn";
import { definitions, findDefinition } from "../definitions.ts";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";

// Every type that there is, by the example that docs/resources.md shows of it, on one machine: planned, applied, applied
// again without change, without drift, removed. A type without an example fails here.

/** Where a machine of the lab cannot do what the example does. */
const instead: Record<string, (web1: HostHandle) => void> = {
  // A container's memory is another computer's: everything but the use of it.
  swap: (web1) => swap("/var/swapfile", { host: web1, size: "64M", priority: 10, active: false }),
  "kernel.module": (web1) => kernelModule("dccp", { host: web1, blocked: true }),
  // Whatever archive the image has.
  "package.repository": (web1) =>
    packageRepository("again", {
      host: web1,
      uris: [archive],
      suites: ["bookworm"],
      components: ["main"],
      keyFile: "/usr/share/keyrings/debian-archive-keyring.gpg",
    }),
};

/** What the examples find true already, or wait for without changing anything. */
const quiet = ["assert", "reboot", "wait"];

let lab: LabHost;
let listening: Server;
let archive = "";

before(async () => {
  lab = await openLabHost("web-1");
  Object.assign(lab.secrets, {
    "clerk-password": "clerk-password-of-the-lab",
    "reporter-password": "reporter-password-of-the-lab",
    "postgres-web-1-shop": "shop-password-of-the-lab",
  });
  listening = createServer((socket) => socket.destroy()).listen(0, lab.bridgeAddress);
  await once(listening, "listening");
  lab.env.HAVN_REACH = `${lab.bridgeAddress}:${(listening.address() as AddressInfo).port}`;
  const npm = await findNpm();
  await lab.machine.copy(npm, "/usr/local/lib/npm");
  await lab.machine.copy(testing("lab-site.ts"), "/root/lab-site.ts");
  await lab.machine.ssh("mkdir -p /srv/site");
  await lab.machine.copy(testing("tool-1.2.tar.gz"), "/srv/site/tool-1.2.tar.gz");
  await lab.on(prepare);
  const sources = "/etc/apt/sources.list /etc/apt/sources.list.d";
  archive = await lab.on(`grep -rhoE '(https?|file):[^ ]+' ${sources} | head -1`);
});
after(async () => {
  listening?.close();
  await lab?.[Symbol.asyncDispose]();
});

const testing = (name: string) => fileURLToPath(new URL(`../testing/${name}`, import.meta.url));

/** The folder of the npm that runs these tests, or of the one that is installed. */
async function findNpm(): Promise<string> {
  const { npm_execpath: running, PATH = "" } = process.env;
  for (const path of [running ?? "", ...PATH.split(delimiter).map((folder) => join(folder, "npm"))]) {
    const program = await realpath(path).catch(() => "");
    if (program.endsWith("npm-cli.js")) return dirname(dirname(program));
  }
  return assert.fail("there is no npm here");
}

const prepare = `set -e
  ln -s /root/node /usr/local/bin/node
  printf '#!/bin/sh\\nexec /root/node /usr/local/lib/npm/bin/npm-cli.js "$@"\\n' > /usr/local/bin/npm; chmod 755 /usr/local/bin/npm
  mkdir -p /srv/pack/package && cd /srv/pack && echo '{"name":"harbour-tool","version":"1.2.0"}' > package/package.json
  tar -czf /srv/site/harbour-tool-1.2.0.tgz package
  (cat /etc/hosts; echo 127.0.0.1 downloads.example.org npm.example.org api.example.org) > /root/hosts && mv -fT /root/hosts /etc/hosts
  systemd-run --quiet --unit=lab-site /root/node /root/lab-site.ts /srv/site
  echo '<Server port="1"/>' > /etc/tool.xml; echo http://mirror.old/debian > /etc/mirrors; echo before > /etc/motd
  mkdir -p /srv/wheels && cd /srv/wheels && perl -MIO::Compress::Zip -e '
    my $i = "harbour_tool-1.0.dist-info";
    my @f = (["harbour_tool.py", "\\"\\"\\"lab\\"\\"\\"\\n"], ["$i/METADATA", "Metadata-Version: 2.1\\nName: harbour-tool\\nVersion: 1.0\\n"],
      ["$i/WHEEL", "Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"],
      ["$i/RECORD", "harbour_tool.py,,\\n$i/METADATA,,\\n$i/WHEEL,,\\n$i/RECORD,,\\n"]);
    my $z = IO::Compress::Zip->new("harbour_tool-1.0-py3-none-any.whl", Name => $f[0][0]); $z->print($f[0][1]);
    for (@f[1..3]) { $z->newStream(Name => $_->[0]); $z->print($_->[1]); } $z->close;'
  apt-get install -y -qq --no-install-recommends git >/dev/null
  git init --quiet --bare -b main /srv/git/dotfiles.git && git init --quiet -b main /srv/dots && cd /srv/dots && echo x > a && git add a
  git -c user.name=lab -c user.email=lab@example.org commit --quiet -m x && git tag v1 && git push --quiet --tags /srv/git/dotfiles.git main`;

/** All examples as one bundle: what several of them declare is there once. */
async function everything() {
  const examples = new Map<string, (web1: HostHandle) => void>();
  for (const type of Object.keys(definitions)) {
    const module: { default: (web1: HostHandle) => void } = await import(
      new URL(`../../sdk/examples/${type}.ts`, import.meta.url).href
    );
    examples.set(type, instead[type] ?? module.default);
  }
  const found = [...examples].map(([type, example]) => {
    const resources = lab.resourcesOf(() => example(host("web-1", { ssh: { address: "10.0.0.1" } })));
    assert.ok(
      resources.some((resource) => resource.type === type),
      `the example of ${type} declares none`,
    );
    return resources;
  });
  return [...new Map(found.flat().map((resource) => [resource.address, resource])).values()];
}

const told = ({ state, error = "", changes }: ResourceReport) =>
  `${state} ${error}${changes.map(({ property }) => property).join(", ")}`.trim();

test("every type, by its example: made, and made no second time", async (t) => {
  const resources = await everything();
  const planned = await lab.read(resources);
  const first = await lab.apply(resources);
  const second = await lab.apply(resources);
  const drift = await lab.drift(resources);
  const of = <T extends ResourceReport | ResourceReading>(reports: T[], type: string) =>
    reports.filter(({ address }) => address.split("/")[1] === type);
  for (const type of Object.keys(definitions))
    await t.test(type, () => {
      const failed = of(first, type).filter(({ state }) => state === "failed" || state === "skipped");
      assert.deepEqual(failed.map(told), []);
      if (!quiet.includes(type)) assert.ok(of(first, type).some(({ state }) => state === "changed"));
      assert.deepEqual([...new Set(of(second, type).map(told))], ["unchanged"]);
      assert.deepEqual(of(drift, type), []);
      for (const reading of of(planned, type)) {
        const { triggers } = findDefinition(type) ?? {};
        // What a change of others sets off is added to a plan by the control plane.
        const { properties } = resources.find(({ address }) => address === reading.address) ?? {};
        if (reading.certainty === "unknowable" || triggers?.(properties).length || type === "command")
          continue;
        assert.equal(reading.error, undefined);
        const report = first.find(({ address }) => address === reading.address);
        assert.deepEqual(report?.changes, reading.changes, `planned otherwise: ${reading.address}`);
      }
    });
  await t.test("removed", async () => {
    const reports = await lab.apply([], resources.toReversed());
    assert.deepEqual(reports.filter(({ state }) => state === "failed").map(told), []);
    assert.deepEqual(
      await lab.on("cat /etc/motd; grep -c example.org /etc/hosts; ls /etc/sudoers.d"),
      "before\n1\nREADME",
    );
  });
});
