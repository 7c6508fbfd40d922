import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ResourceReport } from "@havn/fleet/protocol";
import type { Resource } from "@havn/model";
import { archive, directory, download, file, host, line } from "havn";
import { definitions, findDefinition } from "../definitions.ts";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";

// What goes wrong on real hosts: a full disk, an agent that dies, files larger than memory, hostile names.

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

type Here = { host: ReturnType<typeof host> };
const declare = (describe: (here: Here) => void) =>
  lab.resourcesOf(() => describe({ host: host("web-1", { ssh: { address: "10.0.0.1" } }) }));
const told = ({ address, state, error = "" }: ResourceReport) =>
  `${address.split(":").at(-1)} ${state} ${error}`.trim();
const leftBeside = (folder: string) => lab.on(`find ${folder} -name '.*' -type f`);

test("a disk that is full in the middle: one message, what stood there stays, the rest carries on", async () => {
  await lab.on(
    "mkdir -p /srv/full && mount -t tmpfs -o size=256k tmpfs /srv/full && cd /srv/full && echo old > big && cp big edited",
  );
  const resources = declare((here) => {
    const big = file("/srv/full/big", { ...here, content: "x".repeat(1_000_000) });
    line("/srv/full/edited", { ...here, name: "edited", line: "y".repeat(500_000) });
    file("/srv/behind", { ...here, content: "x\n", dependsOn: big });
    file("/srv/beside", { ...here, content: "x\n" });
  });
  const room = "There is no room left on the disk for";
  assert.deepEqual(
    (await lab.apply(resources)).map(told).sort(),
    [
      "/srv/behind skipped shop/file/web-1:/srv/full/big has not succeeded",
      "/srv/beside changed",
      `/srv/full/big failed ${room} /srv/full/big. What stood there stays. Make room or enlarge the disk, then apply again.`,
      `/srv/full/edited#edited failed ${room} /srv/full/edited. What stood there stays. Make room or enlarge the disk, then apply again.`,
    ].sort(),
  );
  assert.equal(await lab.on("cd /srv/full && cat big edited"), "old\nold");
  assert.equal(await leftBeside("/srv/full"), "");
  await lab.on("mount -o remount,size=8M /srv/full");
  assert.deepEqual([...new Set((await lab.apply(resources)).map(({ state }) => state))].sort(), [
    "changed",
    "unchanged",
  ]);
  await lab.on("umount /srv/full");
});

test("an agent that is killed among many writes: each file is the old one or the new one, and nothing is left", async () => {
  const count = 400;
  await lab.on(`mkdir -p /srv/many && cd /srv/many && for i in $(seq ${count}); do echo old > f$i; done`);
  const resources = declare((here) => {
    for (let index = 1; index <= count; index++)
      file(`/srv/many/f${index}`, {
        ...{ ...here, content: `new ${index} ${"x".repeat(20_000)}\n` },
        // Slow enough to be killed in the middle.
        validate: ["sh", "-c", "sleep 0.02", "sh", "%s"],
      });
  });
  const written = () => lab.on("find /srv/many -name 'f*' -size +9k | wc -l").then(Number);
  let between = 0;
  for (const wanted of [1, 80, 200]) {
    await lab.interrupt(resources, `[ $(find /srv/many -name "f*" -size +9k | wc -l) -ge ${wanted} ]`);
    const halves = await lab.on(
      "cd /srv/many && for f in f*; do s=$(stat -c %s $f); [ $s = 4 ] || [ $s -gt 20000 ] || echo $f $s; done",
    );
    assert.equal(halves, "");
    const now = await written();
    assert.ok(now >= wanted);
    if (now < count) between++;
  }
  assert.ok(between > 0, "the agent was too quick to be killed");
  const reports = await lab.apply(resources);
  assert.deepEqual(
    reports.filter(({ state }) => state === "failed" || state === "skipped"),
    [],
  );
  assert.equal(await leftBeside("/srv/many"), "");
  assert.equal(await lab.on(`grep -lE '^new [0-9]+ x+$' /srv/many/f* | wc -l`), String(count));
});

test("files of 1 GB: downloaded, unpacked, kept as a copy, with little memory", async () => {
  await lab.on(
    `mkdir -p /srv/large && cd /srv/large && truncate -s 1G big && cp /root/node /usr/local/bin/node && cat > site.mjs <<'END'
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
createServer((_, response) => createReadStream("/srv/large/big").pipe(response)).listen(8080);
END
    perl -MIO::Compress::Zip=zip -e 'zip "big" => "big.zip"'
    systemd-run --quiet --unit=large /root/node /srv/large/site.mjs`,
  );
  const sha256 = await lab.on("sha256sum /srv/large/big | cut -d' ' -f1");
  const large = (content: string | undefined) =>
    declare((on) => {
      if (content === undefined)
        download("/srv/got", { ...on, url: "http://127.0.0.1:8080/big", sha256, timeout: "5m" });
      else file("/srv/got", { ...on, content, backup: true });
      archive("/srv/large/out", {
        ...on,
        source: "/srv/large/big.zip",
        dependsOn: directory("/srv/large/out", on),
      });
    });
  const most = async (resources: Resource[], remove: Resource[] = []) => {
    for (const { state, address, error } of await lab.apply(resources, remove))
      assert.ok(state === "changed" || state === "unchanged", `${address} ${state} ${error}`);
    return Math.round(Number(await lab.on("cat /root/peak")) / 1024);
  };
  const fetched = await most(large(undefined));
  assert.equal(
    await lab.on("cmp /srv/got /srv/large/big && cmp /srv/large/out/big /srv/large/big && echo same"),
    "same",
  );
  const replaced = await most(large("small\n"));
  assert.equal(await lab.on("find /var/lib/havn-test/copies -type f -size 1G | wc -l"), "1");
  const putBack = await most([], large("small\n").toReversed());
  assert.ok(Math.max(fetched, replaced, putBack) < 300, `MiB of memory: ${fetched}, ${replaced}, ${putBack}`);
  await lab.on("systemctl stop large; rm -rf /srv/large /srv/got /var/lib/havn-test/copies");
});

test("sources of 64 MB and 1 GB: streamed from artifacts with little memory; no room or no artifact leaves what was", async () => {
  await lab.on(
    "mkdir -p /root/artifacts /srv/source /srv/small && cd /root/artifacts && echo old > /srv/source/f",
  );
  const make = async (mebibytes: number) => {
    const digest = await lab.on(
      `cd /root/artifacts && head -c ${mebibytes}M /dev/zero | tr '\\0' '${String.fromCharCode(97 + (mebibytes % 26))}' > new && sha256sum new | cut -d' ' -f1`,
    );
    await lab.on(`mv /root/artifacts/new /root/artifacts/${digest}`);
    return { digest, size: mebibytes * 2 ** 20 };
  };
  const at = (path: string, source: { digest: string; size: number }) =>
    declare((here) => {
      file(path, { ...here, mode: "0640" });
    }).map((one) => ({ ...one, properties: { ...one.properties, source } }));
  const peaks: number[] = [];
  for (const source of [await make(64), await make(1024)]) {
    const resources = at("/srv/source/f", source);
    assert.deepEqual((await lab.apply(resources)).map(told), ["/srv/source/f changed"]);
    peaks.push(Math.round(Number(await lab.on("cat /root/peak")) / 1024));
    assert.equal(
      await lab.on(`cmp /srv/source/f /root/artifacts/${source.digest} && stat -c %a /srv/source/f`),
      "640",
    );
    assert.deepEqual((await lab.apply(resources)).map(told), ["/srv/source/f unchanged"]);
  }
  assert.ok(Math.max(...peaks) < 300, `MiB of memory: ${peaks}`);
  // A disk that is too small, and one that others fill meanwhile.
  const source = await make(3);
  await lab.on("mount -t tmpfs -o size=1M tmpfs /srv/small && echo old > /srv/small/f");
  const full = await lab.apply(at("/srv/small/f", source));
  assert.match(full.map(told).join(), /^\/srv\/small\/f failed There is no room left on the disk/);
  await lab.on("mount -o remount,size=5M /srv/small");
  const filled = declare((here) => {
    file("/srv/small/f", { ...here, validate: ["sh", "-c", "head -c 9M /dev/zero > /srv/small/other"] });
  }).map((one) => ({ ...one, properties: { ...one.properties, source } }));
  assert.match((await lab.apply(filled)).map(told).join(), /failed/);
  assert.equal(await lab.on("cat /srv/small/f"), "old");
  await lab.on(`rm /srv/small/other /root/artifacts/${source.digest}`);
  assert.match((await lab.apply(at("/srv/small/f", source))).map(told).join(), /could not be fetched/);
  assert.equal(await lab.on("cat /srv/small/f"), "old");
  assert.equal(await leftBeside("/srv/small /srv/source"), "");
  await lab.on("umount /srv/small; rm -rf /srv/source /srv/small /root/artifacts");
});

/** Each makes a file where a shell, or a program that reads options or lines, takes it for more than a text. */
const hostile = [
  "$(touch /pwned/a)",
  "x; touch /pwned/b; `touch /pwned/c`",
  "x\ntouch /pwned/d\n!touch /pwned/d",
  "--checkpoint-action=exec=touch /pwned/e",
  "x' || touch /pwned/f; '\\! touch /pwned/f",
  'x"; touch /pwned/g; "',
];

/** Properties that are a program, to be run by what they are for, or a file whose being there reboots the machine. */
const programs = [
  "assert.command",
  "command.command",
  "command.unless",
  "command.onlyIf",
  "cron.entry.command",
  "reboot.onFile",
  "script.content",
  "script.interpreter",
  "wait.command",
];

/** The resource with each of its texts in turn, also of lists, in each hostile form that its schema takes. */
function hostileForms(resource: Resource): Resource[] {
  const { type, properties } = resource;
  const forms: Record<string, unknown>[] = [];
  for (const [key, value] of Object.entries(properties)) {
    if (programs.includes(`${type}.${key}`)) continue;
    for (const text of hostile)
      for (const form of [text, `/srv/hostile/${text}`])
        if (typeof value === "string") forms.push({ ...properties, [key]: form });
        else if (Array.isArray(value) && value.every((one) => typeof one === "string"))
          forms.push({ ...properties, [key]: [form] });
  }
  const parse = (form: Record<string, unknown>) => findDefinition(type)?.schema.safeParse(form);
  return forms.flatMap((form, index) => {
    const parsed = parse(form);
    if (!parsed?.success) return [];
    return [
      {
        ...resource,
        address: `${resource.address}-hostile-${index}`,
        properties: parsed.data as Record<string, unknown>,
        dependsOn: [],
      },
    ];
  });
}

test("hostile names and values, in every property of every type: refused with one message or taken literally, never run", async () => {
  const found: Resource[] = [];
  for (const type of Object.keys(definitions)) {
    const module: { default: (web1: Here["host"]) => void } = await import(
      new URL(`../../sdk/examples/${type}.ts`, import.meta.url).href
    );
    const resources = declare((here) => module.default(here.host));
    const example = resources.find((resource) => resource.type === type);
    assert.ok(example, type);
    const harmless = type === "swap" ? { size: "1M", active: false } : {};
    const forms = hostileForms({ ...example, properties: { ...example.properties, ...harmless } });
    // Of what waits for a network that is not there, a few.
    found.push(...(["http", "pip.package"].includes(type) ? forms.slice(0, 3) : forms));
  }
  await lab.on("mkdir -p /pwned /srv/hostile");
  const reports = await lab.apply(found);
  assert.equal(await lab.on("ls /pwned"), "");
  for (const { address, state, error } of reports)
    if (state === "failed") assert.match(error ?? "", /\S/, address);
});
