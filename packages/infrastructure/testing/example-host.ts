import assert from "node:assert/strict";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Resource } from "@havn/model";
import { type HostHandle, host, kernelModule, packageRepository, swap } from "havn";
import { definitions } from "../definitions.ts";
import { type LabHost, openLabHost } from "./lab-host.ts";

/** A lab machine on which the documented example of every type can be applied. */
export interface ExampleHost extends AsyncDisposable {
  lab: LabHost;
  /** All examples as one bundle: what several of them declare is there once. A type without an example throws. */
  everything: Resource[];
}

/** Where a machine of the lab cannot do what the example does. `archive`: whatever archive the image has. */
const insteadOf = (archive: string): Record<string, (web1: HostHandle) => void> => ({
  // A container's memory is another computer's: everything but the use of it.
  swap: (web1) => swap("/var/swapfile", { host: web1, size: "64M", priority: 10, active: false }),
  "kernel.module": (web1) => kernelModule("dccp", { host: web1, blocked: true }),
  "package.repository": (web1) =>
    packageRepository("again", {
      host: web1,
      uris: [archive],
      suites: ["bookworm"],
      components: ["main"],
      keyFile: "/usr/share/keyrings/debian-archive-keyring.gpg",
    }),
});

export async function openExampleHost(): Promise<ExampleHost> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await openLabHost("web-1"));
  Object.assign(lab.secrets, {
    "clerk-password": "clerk-password-of-the-lab",
    "reporter-password": "reporter-password-of-the-lab",
    "postgres-web-1-shop": "shop-password-of-the-lab",
  });
  const listening = createServer((socket) => socket.destroy()).listen(0, lab.bridgeAddress);
  stack.defer(() => void listening.close());
  await once(listening, "listening");
  lab.env.HAVN_REACH = `${lab.bridgeAddress}:${(listening.address() as AddressInfo).port}`;
  await lab.machine.copy(await findNpm(), "/usr/local/lib/npm");
  await lab.machine.copy(testing("lab-site.ts"), "/root/lab-site.ts");
  await lab.machine.ssh("mkdir -p /srv/site");
  await lab.machine.copy(testing("tool-1.2.tar.gz"), "/srv/site/tool-1.2.tar.gz");
  await lab.on(prepare);
  const sources = "/etc/apt/sources.list /etc/apt/sources.list.d";
  const archive = await lab.on(`grep -rhoE '(https?|file):[^ ]+' ${sources} | head -1`);
  const everything = await readExamples(lab, insteadOf(archive));
  const kept = stack.move();
  return { lab, everything, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const testing = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function readExamples(
  lab: LabHost,
  instead: Record<string, (web1: HostHandle) => void>,
): Promise<Resource[]> {
  const found: Resource[][] = [];
  for (const type of Object.keys(definitions)) {
    const module: { default: (web1: HostHandle) => void } = await import(
      new URL(`../../sdk/examples/${type}.ts`, import.meta.url).href
    );
    const example = instead[type] ?? module.default;
    const resources = lab.resourcesOf(() => example(host("web-1", { ssh: { address: "10.0.0.1" } })));
    assert.ok(
      resources.some((resource) => resource.type === type),
      `the example of ${type} declares none`,
    );
    found.push(resources);
  }
  return [...new Map(found.flat().map((resource) => [resource.address, resource])).values()];
}

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
  mkdir -p /srv/pack/package && cd /srv/pack
  for v in 1.2.0 1.3.0; do
    echo '{"name":"harbour-tool","version":"'$v'"}' > package/package.json && tar -czf /srv/site/harbour-tool-$v.tgz package
  done
  (cat /etc/hosts; echo 127.0.0.1 downloads.example.org npm.example.org api.example.org) > /root/hosts && mv -fT /root/hosts /etc/hosts
  systemd-run --quiet --unit=lab-site /root/node /root/lab-site.ts /srv/site
  echo '<Server port="1"/>' > /etc/tool.xml; echo http://mirror.old/debian > /etc/mirrors; echo before > /etc/motd
  mkdir -p /srv/wheels && cd /srv/wheels && for v in 1.0 1.1; do perl -MIO::Compress::Zip -e '
    my $v = shift; my $i = "harbour_tool-$v.dist-info";
    my @f = (["harbour_tool.py", "\\"\\"\\"lab\\"\\"\\"\\n"], ["$i/METADATA", "Metadata-Version: 2.1\\nName: harbour-tool\\nVersion: $v\\n"],
      ["$i/WHEEL", "Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"],
      ["$i/RECORD", "harbour_tool.py,,\\n$i/METADATA,,\\n$i/WHEEL,,\\n$i/RECORD,,\\n"]);
    my $z = IO::Compress::Zip->new("harbour_tool-$v-py3-none-any.whl", Name => $f[0][0]); $z->print($f[0][1]);
    for (@f[1..3]) { $z->newStream(Name => $_->[0]); $z->print($_->[1]); } $z->close;' $v; done
  apt-get install -y -qq --no-install-recommends git nftables >/dev/null
  git init --quiet --bare -b main /srv/git/dotfiles.git && git init --quiet -b main /srv/dots && cd /srv/dots && echo x > a && git add a
  git -c user.name=lab -c user.email=lab@example.org commit --quiet -m x && git tag v1 && echo y > b && git add b
  git -c user.name=lab -c user.email=lab@example.org commit --quiet -m y && git push --quiet --tags /srv/git/dotfiles.git main`;
