import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { packageRepository, pipPackage, package as pkg } from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { allAre, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

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
