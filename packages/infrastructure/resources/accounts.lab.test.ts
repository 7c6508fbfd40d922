import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authorizedKey, group, package as pkg, secret, sudoRule, user } from "havn";
import { simulateAccounts } from "../host/simulate-accounts.ts";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { randomOf } from "../testing/random-bundles.ts";
import { allAre, ofHavn, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
  Object.assign(lab.secrets, {
    // "correct horse", by crypt's yescrypt.
    hash: "$6$havnhavn$qFmFH.bQmmtXzcBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
  });
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xNdGtr ann@laptop";

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

test("numbers that useradd and groupadd choose by themselves are found as they do", async () => {
  const defs = await on("cat /etc/login.defs");
  const random = randomOf(7);
  const cases = Array.from({ length: 30 }, () => {
    const ids = () => [...new Set(ranges.flatMap(([from, to]) => some(random, from, to)))];
    const passwd = ids().map((id) => `u${id}:x:${id}:65534::/:/bin/sh\n`);
    const group = ids().map((id) => `g${id}:x:${id}:\n`);
    const program = ["useradd", "groupadd"][random(2)] ?? "";
    const command = [program, ...(random(2) === 0 ? ["--system"] : []), "new"];
    return { command, files: { passwd: passwd.join(""), group: group.join(""), shadow: "" } };
  });
  const script = cases.map(({ command: [program, ...words], files }, index) => {
    const etc = `/root/numbers/${index}/etc`;
    return [
      `mkdir -p ${etc}; touch ${etc}/shadow ${etc}/gshadow; cp /etc/login.defs ${etc}`,
      `printf '${files.passwd.replaceAll("\n", "\\n")}' > ${etc}/passwd; printf '${files.group.replaceAll("\n", "\\n")}' > ${etc}/group`,
      `${program} --prefix /root/numbers/${index} ${words.join(" ")} 2>/dev/null; cut -d: -f1,3 ${etc}/passwd ${etc}/group | grep ^new: | tr '\\n' ' '; echo`,
    ].join("\n");
  });
  const real = (await on(script.join("\n"))).split("\n").map((line) => line.trim());
  const guessed = cases.map(({ command, files }) => {
    const { passwd, group } = simulateAccounts(command, { ...files, defs });
    const ids = [...`${passwd}${group}`.matchAll(/^new:x:(\d+):/gm)].map(([, id]) => `new:${id}`);
    return ids.join(" ");
  });
  assert.deepEqual(guessed, real);
});

/** Where accounts have their numbers, and at the ends of these ranges. */
const ranges = [
  [98, 104],
  [995, 1003],
  [59_998, 60_002],
] as const;

const some = (random: (below: number) => number, from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
    .filter(() => random(2) === 0)
    .sort(() => random(3) - 1);
