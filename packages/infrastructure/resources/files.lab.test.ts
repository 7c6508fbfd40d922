import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ResourceReading, ResourceReport } from "@havn/fleet/protocol";
import { type Resource, resolveReferences } from "@havn/model";
import { orderNodes, sequenceChanges } from "@havn/plan";
import {
  type Lab,
  type LabMachine,
  lab,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@havn/testkit";
import { build } from "esbuild";
import {
  archive,
  assertion,
  block,
  command,
  directory,
  download,
  environment,
  file,
  hardLink,
  host,
  httpRequest,
  line,
  reboot,
  replace,
  script,
  secret,
  settingIni,
  settingJson,
  settingToml,
  settingXml,
  settingYaml,
  symlink,
  template,
  waitFor,
} from "havn";
import { secretPathsOf, secretValuesOf } from "../planning/read-hosts.ts";

let folder: TemporaryDirectory;
let machines: Lab;
let machine: LabMachine;
let served: { url: string; requests: string[]; close(): void };

before(async () => {
  folder = await temporaryDirectory("files-lab");
  const bundle = join(folder.path, "driver.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../testing/host-driver.ts", import.meta.url))],
    ...{
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node26",
      logLevel: "error",
    },
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
  });
  machines = await lab({ machines: ["web-1"] });
  machine = machines.machine("web-1");
  await machine.copy(process.execPath, "/root/node");
  await machine.copy(bundle, "/root/driver.mjs");
  await on(
    [
      "mkdir -p /srv/t/pack/in /srv/t/pkg && echo tool > /srv/t/pack/in/tool && tar -C /srv/t -czf /srv/t/tool.tar.gz pack",
      "printf 'Port 22\\n#PermitRootLogin yes\\n' > /srv/t/sshd && printf '[a]\\nx = 1\\n' > /srv/t/ini",
      "echo '{\"a\": 1} // c' > /srv/t/json && printf '# c\\na: 1\\n' > /srv/t/yaml && printf 'a = 1 # c\\n' > /srv/t/toml",
      "echo '<a><!-- c --><b x=\"1\"/></a>' > /srv/t/xml && echo before > /srv/t/backup && chmod 640 /srv/t/backup",
      "mkdir -p /srv/t/purged && touch /srv/t/purged/stray",
    ].join(" && "),
  );
  served = await serve(
    machines.bridgeAddress,
    await machine.ssh("base64 -w0 /srv/t/tool.tar.gz").then(({ stdout }) => Buffer.from(stdout, "base64")),
  );
});

after(async () => {
  served?.close();
  await machines?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

let archiveDigest = "";

async function serve(address: string, content: Buffer) {
  archiveDigest = createHash("sha256").update(content).digest("hex");
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/tool.tar.gz") return response.end(content);
    response.statusCode = request.method === "GET" && !requests.includes("PUT /made") ? 404 : 200;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://${address}:${port}`, requests, close: () => server.close() };
}

const password = "correct-horse-battery";

function resourcesOf(describe: () => void): Resource[] {
  const { graph, diagnostics } = environment("shop", {}, describe);
  assert.deepEqual(diagnostics, []);
  const own = graph.resources.filter((resource) => resource.host === "web-1");
  const byAddress = new Map(own.map((resource) => [resource.address, resource]));
  return orderNodes(sequenceChanges(own, [])).order.flatMap((address) => byAddress.get(address) ?? []);
}

async function call<T>(
  method: "apply" | "read" | "drift",
  resources: Resource[],
  remove: Resource[] = [],
  bundleId = randomUUID(),
): Promise<T> {
  const all = [...resources, ...remove];
  const params = {
    bundleId,
    secrets: secretPathsOf(all),
    secretValues: secretValuesOf(all),
    resources,
    remove,
  };
  const values = { host: () => machines.bridgeAddress, secret: () => password };
  const { code, stdout, stderr } = await machine.ssh("/root/node /root/driver.mjs", {
    input: JSON.stringify([method, resolveReferences(params, values)]),
  });
  assert.equal(code, 0, stderr);
  assert.ok(!stdout.includes(password), "a secret was told");
  return JSON.parse(stdout) as T;
}

const problems = (reports: ResourceReport[], state: string) =>
  reports
    .filter((one) => one.state !== state)
    .map(({ address, state: is, error }) => `${address}: ${is} ${error ?? ""}`);

async function on(words: string): Promise<string> {
  const { code, stdout, stderr } = await machine.ssh(words);
  assert.equal(code, 0, `${words}: ${stderr}`);
  return stdout.trim();
}

/** Every type of files and text; `file` and its edits stand on one path, so that one plan simulates the other. */
const everything = () =>
  resourcesOf(() => {
    const here = { host: host("web-1", { ssh: { address: "10.0.0.1" } }) };
    directory("/srv/t/purged", { ...here, purge: true, mode: "0750" });
    const greeting = template("{% for n in names %}{{ n }} {% endfor %}{{ key }}\n", {
      names: ["a", "b"],
      key: secret("k"),
    });
    const settings = file("/srv/t/purged/greeting", { ...here, content: greeting, mode: "0600" });
    line("/srv/t/touched", { ...here, line: "added" });
    file("/srv/t/backup", { ...here, content: "after\n", backup: true });
    file("/srv/t/logo", { ...here, base64: "AAEC/w==" });
    file("/srv/t/touched", { ...here, touch: true });
    symlink("/srv/t/link", { ...here, target: "logo" });
    hardLink("/srv/t/hard", { ...here, target: "/srv/t/logo" });
    line("/srv/t/sshd", {
      ...here,
      regexp: "^#?PermitRootLogin",
      line: "PermitRootLogin no",
      validate: ["grep", "-q", "Root", "%s"],
    });
    block("/srv/t/sshd", { ...here, name: "users", content: "AllowUsers root\n" });
    replace("/srv/t/sshd", { ...here, regexp: "^Port 22$", replacement: "Port 2222" });
    settingIni("/srv/t/ini", { ...here, section: "a", key: "x", value: 2 });
    settingJson("/srv/t/json", { ...here, key: "b.c", value: [1] });
    settingYaml("/srv/t/yaml", { ...here, key: "b.c", value: "on" });
    settingToml("/srv/t/toml", { ...here, key: "b.c", value: true });
    settingXml("/srv/t/xml", { ...here, key: "/a/b/@x", value: 2 });
    const tool = download("/srv/t/got.tar.gz", {
      ...here,
      url: `${served.url}/tool.tar.gz`,
      sha256: archiveDigest,
    });
    archive("/srv/t/tool", { ...here, source: tool, strip: 1, owner: "daemon" });
    command("index", {
      ...here,
      command: ["sh", "-c", 'echo "$KEY" | wc -c > /srv/t/ran; echo "$KEY"'],
      env: { KEY: secret("k") },
      on: settings,
    });
    const setup = script("setup", {
      ...here,
      content: "echo done > /srv/t/script\n",
      creates: "/srv/t/script",
    });
    httpRequest("made", {
      ...here,
      url: `${served.url}/made`,
      method: "PUT",
      unless: { url: `${served.url}/made` },
    });
    waitFor("script ran", { ...here, file: { path: "/srv/t/script", contains: "done" }, dependsOn: setup });
    assertion("debian", { ...here, file: { path: "/etc/debian_version", contains: "^12" } });
    reboot("when asked", { ...here, onFile: "/run/reboot-required" });
  });

test("files and text: all types on one machine", async (t) => {
  const resources = everything();
  // The script before it has made true what is waited for.
  const quiet = ["assert", "reboot", "wait"];
  const changing = resources.filter(({ type }) => !quiet.includes(type));
  let planned: ResourceReading[] = [];
  await t.test("a plan shows what an apply does", async () => {
    planned = await call<ResourceReading[]>("read", resources);
    assert.deepEqual(
      planned.filter(({ error }) => error !== undefined),
      [],
    );
    const reports = await call<ResourceReport[]>("apply", resources);
    assert.deepEqual(
      problems(
        reports.filter(({ address }) => changing.some((one) => one.address === address)),
        "changed",
      ),
      [],
    );
    for (const [index, { address, changes, certainty }] of planned.entries())
      if (certainty !== "unknowable" && !address.includes("/command/") && !address.includes("/wait/"))
        assert.deepEqual(reports[index]?.changes, changes, address);
    assert.equal(reports.find(({ address }) => address.includes("/command/"))?.output, "(secret)\n");
    assert.equal(
      await on("cat /srv/t/purged/greeting; ls /srv/t/purged; stat -c %a /srv/t/purged"),
      `a b ${password}\ngreeting\n750`,
    );
    assert.equal(
      await on("cat /srv/t/sshd"),
      "Port 2222\nPermitRootLogin no\n# BEGIN managed by Havn: users\nAllowUsers root\n# END managed by Havn: users",
    );
    assert.equal(
      await on(
        "stat -c %U /srv/t/tool/in/tool; cat /srv/t/tool/in/tool; od -An -tx1 /srv/t/hard; readlink /srv/t/link; stat -c %a /srv/t/backup",
      ),
      "daemon\ntool\n 00 01 02 ff\nlogo\n644",
    );
    assert.equal(
      await on("cat /srv/t/toml /srv/t/yaml /srv/t/xml"),
      'a = 1 # c\n\n[b]\nc = true\n# c\na: 1\nb:\n  c: on\n<a><!-- c --><b x="2"/></a>'.replace(
        "c: on",
        "c: on",
      ),
    );
  });
  await t.test("applied again, and read, it is as it shall be; nothing is fetched twice", async () => {
    assert.deepEqual(problems(await call<ResourceReport[]>("apply", resources), "unchanged"), []);
    assert.deepEqual(await call<ResourceReading[]>("drift", resources), []);
    assert.equal(served.requests.filter((one) => one === "GET /tool.tar.gz").length, 1);
  });
  await t.test("what is changed by hand is drift, and mended", async () => {
    await on(
      "echo x >> /srv/t/backup; rm -r /srv/t/tool; sed -i s/2222/22/ /srv/t/sshd; touch /srv/t/purged/stray; ln -sfn x /srv/t/link; sed -i 's/x = 2/x = 9/' /srv/t/ini",
    );
    const drift = await call<ResourceReading[]>("drift", resources);
    assert.deepEqual(drift.map(({ address }) => address.split("/")[1]).sort(), [
      "archive",
      "directory",
      "file",
      "replace",
      "setting.ini",
      "symlink",
    ]);
    await call("apply", resources);
    assert.deepEqual(await call<ResourceReading[]>("drift", resources), []);
  });
  await t.test("a reboot in the middle of a bundle: the same bundle goes on behind it", async () => {
    await on("touch /run/reboot-required");
    const bundleId = randomUUID();
    const last = resourcesOf(() => {
      const here = { host: host("web-1", { ssh: { address: "10.0.0.1" } }) };
      const asked = reboot("when asked", { ...here, onFile: "/run/reboot-required" });
      file("/srv/t/behind", { ...here, content: "x\n", dependsOn: asked });
    });
    const boot = await on("cat /proc/sys/kernel/random/boot_id");
    const first = call("apply", last, [], bundleId).catch(() => "the connection fell");
    await until(
      async () => {
        const { code, stdout } = await machine.ssh("cat /proc/sys/kernel/random/boot_id");
        return code === 0 && stdout.trim() !== boot;
      },
      { what: "the machine to be up again", timeoutMs: 60_000, intervalMs: 250 },
    );
    await first;
    assert.deepEqual(problems(await call<ResourceReport[]>("apply", last, [], bundleId), "changed"), []);
  });
  await t.test("no longer declared: what can be taken back is", async () => {
    const reports = await call<ResourceReport[]>("apply", [], resources.toReversed());
    assert.deepEqual(
      reports.filter(({ state }) => state === "failed").map(({ address, error }) => `${address}: ${error}`),
      [],
    );
    assert.equal(
      await on("cat /srv/t/backup; stat -c %a /srv/t/backup; cat /srv/t/ini /srv/t/yaml"),
      "before\n640\n[a]\nx = 1\n# c\na: 1\nb: {}",
    );
    assert.equal(
      await on("cat /srv/t/sshd; cd /srv/t; ls -d link hard logo tool got.tar.gz 2>/dev/null || true"),
      "Port 2222\n#PermitRootLogin yes",
    );
  });
});
