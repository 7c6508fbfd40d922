import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Resource } from "@havn/model";
import { type HostHandle, package as pkg } from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { allAre, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

test("packages of dnf: versions up and down, locks, names that no repository has", async () => {
  await on(rpmRepository);
  const declare = (describe: (here: { host: HostHandle; manager: "dnf" }) => void) =>
    lab.resourcesOf(() => describe({ host: web(), manager: "dnf" }));
  const installed = () => on("rpm --query harbour-tool harbour-extra || true");
  const both = declare((here) => {
    pkg("harbour-tool", { ...here, version: "1.*", hold: true });
    pkg("harbour-extra", here);
    pkg("no-such-package-anywhere", here);
  });
  const reports = await lab.apply(both);
  allAre(
    reports.filter(({ address }) => !address.includes("no-such")),
    "changed",
  );
  const failed = reports.find(({ state }) => state === "failed");
  assert.match(failed?.error ?? "", /There is no package "no-such-package-anywhere"/);
  assert.equal(await installed(), "harbour-tool-1.0-1.noarch\nharbour-extra-1.0-1.noarch");
  const there = both.filter(({ name }) => !name.includes("no-such"));
  allAre(await lab.apply(there), "unchanged");
  // What is locked stays for anybody else.
  await on("dnf --quiet --assumeyes upgrade");
  assert.match(await installed(), /harbour-tool-1\.0-1/);
  const newest = declare((here) => pkg("harbour-tool", { ...here, version: "newest", hold: false }));
  allAre(await lab.apply(newest), "changed");
  assert.match(await installed(), /harbour-tool-2\.0-1/);
  allAre(await lab.apply(newest), "unchanged");
  await lab.apply(there);
  assert.match(await installed(), /harbour-tool-1\.0-1/);
  assert.deepEqual(await lab.drift(there), []);
  await on("dnf --quiet --assumeyes remove harbour-extra");
  assert.deepEqual(
    (await lab.drift(there)).map(({ address }) => address),
    ["shop/package/web-1:harbour-extra"],
  );
  await lab.apply(there);
  allAre(await lab.applyAs("rpm-1", newest), "changed");
  await takenBack("rpm-2", "rpm-1", newest);
  assert.match(await installed(), /harbour-tool-1\.0-1/);
  assert.deepEqual(await lab.drift(there), [], "the lock too");
  allAre(await lab.applyAs("rpm-3", [], there), "changed");
  assert.match(await installed(), /harbour-tool is not installed\npackage harbour-extra is not installed/);
  await takenBack("rpm-4", "rpm-3", there);
  assert.deepEqual(await lab.drift(there), []);
  await lab.apply([], there);
});

/** Nothing of it remains, and nothing fails. */
async function takenBack(as: string, applyId: string, resources: readonly Resource[]): Promise<void> {
  const addresses = resources.map(({ address }) => address);
  const readings = await lab.readUndo(applyId, addresses);
  assert.deepEqual(
    readings.flatMap(({ remains, conflicts }) => [...remains, ...conflicts]),
    [],
  );
  // What two packages of one apply were is put back with the first of them.
  const states = (await lab.undo(as, applyId, addresses)).map(({ state }) => state);
  assert.ok(
    states.includes("changed") && states.every((state) => ["changed", "unchanged"].includes(state)),
    `${states}`,
  );
}

/** Two versions of a package and another one, in a repository of this machine's own. */
const rpmRepository = `set -e
  apt-get update -qq && apt-get install -y -qq --no-install-recommends dnf dnf-plugins-core createrepo-c rpm >/dev/null
  mkdir -p /srv/rpms && cd /srv/rpms
  for one in harbour-tool:1.0 harbour-tool:2.0 harbour-extra:1.0; do
    printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: lab\nLicense: none\nBuildArch: noarch\n%%description\nlab\n%%files\n' \
      "\${one%:*}" "\${one#*:}" > /root/lab.spec
    rpmbuild --quiet -bb --define "_rpmdir /srv/rpms" /root/lab.spec
  done
  createrepo_c --quiet /srv/rpms
  # Debian's dnf keeps a repository of its own of what it installed, which wants signatures.
  printf '[main]\nenabled=0\n' > /etc/dnf/plugins/local.conf
  mkdir -p /etc/yum.repos.d && printf '[lab]\nname=lab\nbaseurl=file:///srv/rpms\ngpgcheck=0\n' > /etc/yum.repos.d/lab.repo`;

/** Debian has no apk: one that needs no libraries of Alpine's is named by the environment. */
const apkProgram = process.env.HAVN_APK;

test("packages of apk: versions up and down, held, names that no repository has", {
  skip: apkProgram === undefined && "HAVN_APK names no static apk",
}, async () => {
  await lab.machine.copy(apkProgram ?? "", "/sbin/apk");
  await on(apkRepository);
  const declare = (describe: (here: { host: HostHandle; manager: "apk" }) => void) =>
    lab.resourcesOf(() => describe({ host: web(), manager: "apk" }));
  const installed = () =>
    on("apk info --installed --verbose harbour-tool harbour-extra 2>/dev/null | sort; cat /etc/apk/world");
  const both = declare((here) => {
    pkg("harbour-tool", { ...here, version: "1.*", hold: true });
    pkg("harbour-extra", here);
    pkg("no-such-package-anywhere", here);
  });
  const reports = await lab.apply(both);
  allAre(
    reports.filter(({ address }) => !address.includes("no-such")),
    "changed",
  );
  const failed = reports.find(({ state }) => state === "failed");
  assert.match(failed?.error ?? "", /There is no package "no-such-package-anywhere"/);
  assert.match(await installed(), /^harbour-extra-1\.0-r0\nharbour-tool-1\.0-r0\n/);
  const there = both.filter(({ name }) => !name.includes("no-such"));
  allAre(await lab.apply(there), "unchanged");
  // What is held stays for anybody else.
  await on("apk upgrade --quiet");
  assert.match(await installed(), /harbour-tool-1\.0-r0/);
  const newest = declare((here) => pkg("harbour-tool", { ...here, version: "newest", hold: false }));
  allAre(await lab.applyAs("apk-1", newest), "changed");
  assert.match(await installed(), /harbour-tool-2\.0-r0/);
  allAre(await lab.apply(newest), "unchanged");
  await takenBack("apk-2", "apk-1", newest);
  assert.match(await installed(), /harbour-tool-1\.0-r0/);
  assert.deepEqual(await lab.drift(there), []);
  allAre(await lab.applyAs("apk-3", [], there), "changed");
  assert.equal(await installed(), "");
  await takenBack("apk-4", "apk-3", there);
  assert.deepEqual(await lab.drift(there), []);
  await lab.apply([], there);
});

/** Two versions of a package and another one, in a signed repository of this machine's own. */
const apkRepository = `set -e
mkdir -p /srv/apks/x86_64 /etc/apk/keys /lib/apk/db && cd /srv/apks/x86_64
for one in harbour-tool:1.0-r0 harbour-tool:2.0-r0 harbour-extra:1.0-r0; do
  name=\${one%:*} version=\${one#*:}
  rm -rf /root/d && mkdir -p /root/d/usr/share && echo $version > /root/d/usr/share/$name
  sum=$(sha1sum < /root/d/usr/share/$name | cut -d' ' -f1)
  tar -C /root/d --format=pax --pax-option=APK-TOOLS.checksum.SHA1:=$sum -c usr | gzip -9 > /root/data.tar.gz
  printf 'pkgname = %s\\npkgver = %s\\npkgdesc = lab\\nurl = lab\\nsize = 1\\narch = x86_64\\nlicense = none\\ndatahash = %s\\n' $name $version $(sha256sum /root/data.tar.gz | cut -d' ' -f1) > /root/.PKGINFO
  tar -C /root -b1 -c .PKGINFO | head -c -1024 | gzip -9 > /root/control.tar.gz
  cat /root/control.tar.gz /root/data.tar.gz > $name-$version.apk
done
apk index --quiet --allow-untrusted --output /root/index.tar.gz *.apk
openssl genrsa -out /root/lab.key 2048 2>/dev/null && openssl rsa -in /root/lab.key -pubout -out /etc/apk/keys/lab.rsa.pub 2>/dev/null
openssl dgst -sha1 -sign /root/lab.key -out /root/.SIGN.RSA.lab.rsa.pub /root/index.tar.gz
tar -C /root -b1 -c .SIGN.RSA.lab.rsa.pub | head -c -1024 | gzip -9 | cat - /root/index.tar.gz > APKINDEX.tar.gz
echo /srv/apks > /etc/apk/repositories
apk add --initdb --quiet || true`;
