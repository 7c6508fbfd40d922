import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import type { Apply } from "@havn/model";
import { until } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";
import { ssh } from "./testing/ssh.ts";

// Applies to three machines, through the command line, in which something goes wrong. Each step stands on the ones before.
const configuration = (onEach: string, options = "{}") => `
import { command, defineFact, directory, environment, file, host, machine, reboot, systemdUnit, template, text } from "havn";
export default environment("lab", ${options}, () => {
  for (const name of ["web-1", "web-2", "web-3"]) {
    const web = host(name, { machine: machine(name) });
    const on = { host: web };
    const base = directory("/etc/shop", on);
    ${onEach}
  }
});
`;

let havn: Havn;
let directory: string;
let ips: Record<string, string> = {};
before(async () => {
  directory = await mkdtemp("/tmp/havn-applies-");
  havn = await openHavn("applies");
});
after(async () => {
  await havn?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const bound = { timeout: 900_000 };
const names = ["web-1", "web-2", "web-3"];
const declare = (onEach: string, options?: string) =>
  writeFile(join(directory, "havn.config.ts"), configuration(onEach, options));
const on = async (name: string, command: string) =>
  (await ssh(havn.dataDirectory, ips[name] ?? "", command)).trim();
/** What a command gives on each machine. */
const onEach = (command: string) => Promise.all(names.map((name) => on(name, command)));
const apply = (...args: string[]) => havn.run("apply", directory, "--yes", ...args);
const last = async (): Promise<Apply> => {
  const [first] = await havn.applies("lab");
  assert.ok(first);
  return havn.applied(first.id);
};

/** A service whose program is wrong on one machine, between a command without a guard and a handler. */
const service = (broken: string | undefined) => `
    const ran = command("count", { ...on, command: ["sh", "-c", "echo ran >> /var/log/shop-ran"], dependsOn: [base] });
    const wrong = name === "${broken}";
    const program = file("/usr/local/bin/shop", { ...on, mode: "0755",
      content: wrong ? "#!/bin/sh\\necho the port is taken >&2\\nexit 3\\n" : "#!/bin/sh\\nexit 0\\n" });
    const conf = file("/etc/shop/shop.conf", { ...on, content: "port = 80\\n", dependsOn: [base] });
    const unit = systemdUnit("shop", { ...on, dependsOn: [ran, program], content: "[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/usr/local/bin/shop\\n[Install]\\nWantedBy=multi-user.target\\n" });
    command("reload", { ...on, command: ["sh", "-c", "echo reloaded >> /var/log/shop-reloaded"], on: [conf], dependsOn: [unit] });
`;
const rollout = `{ rollout: { serial: 3, gate: { expr: "count(node_memory_MemTotal_bytes) == 3", noAlerts: true, timeout: "2m" } } }`;

/** Ends on its host when the file is there: what is under way stands still until then. */
const standing = `
    command("stand still", { ...on, command: ["sh", "-c", "touch /run/stands; until test -e /run/go; do sleep 0.1; done"] });
`;
const stands = (name: string) =>
  until(
    () =>
      on(name, "ls /run/stands").then(
        () => true,
        () => false,
      ),
    { what: `the apply to stand still on ${name}`, timeoutMs: 240_000 },
  );

describe("applies in which something goes wrong", () => {
  test("up", bound, async () => {
    await declare("");
    await havn.must(["up", directory, "--yes"]);
    const { hosts } = await havn.status("lab");
    ips = Object.fromEntries(hosts.map(({ name, ip }) => [name, ip ?? ""]));
    assert.deepEqual(Object.keys(ips).sort(), names);
  });

  test(
    "a unit that does not start: its last lines are told, and no batch after it begins",
    bound,
    async () => {
      await declare(service("web-2"), rollout);
      const { code, stderr } = await apply("--serial", "1");
      assert.equal(code, 1);
      assert.match(stderr, /web-2:shop\.service.*the port is taken/s);
      assert.match(stderr, /havn apply --resume/);
      assert.deepEqual(
        (await last()).batches?.map(({ hosts, state }) => `${hosts.join()}: ${state}`),
        ["web-1: done", "web-2: failed", "web-3: skipped"],
      );
      assert.deepEqual(await onEach("systemctl is-active shop || true"), ["active", "failed", "inactive"]);
      assert.deepEqual(await onEach("ls /etc/shop"), ["shop.conf", "shop.conf", ""]);
      assert.deepEqual(await onEach("cat /var/log/shop-reloaded 2>/dev/null || true"), ["reloaded", "", ""]);
    },
  );

  test("mended and resumed: nothing runs again that was done, and what was due still is", bound, async () => {
    await declare(service(undefined), rollout);
    await havn.must(["apply", directory, "--yes", "--resume", "--serial", "1"]);
    assert.deepEqual(await onEach("systemctl is-active shop"), ["active", "active", "active"]);
    assert.deepEqual(await onEach("cat /var/log/shop-ran"), ["ran", "ran", "ran"]);
    assert.deepEqual(await onEach("cat /var/log/shop-reloaded"), ["reloaded", "reloaded", "reloaded"]);
    const { stderr } = await havn.must(["apply", directory, "--yes", "--resume"], 1);
    assert.match(stderr, /nothing to resume/);
  });

  test(
    "templates that throw: in the configuration nothing is planned, on a host the rest goes on",
    bound,
    async () => {
      await declare(`file("/etc/shop/x", { ...on, content: template("{{ a | nothing }}", { a: 1 }) });`);
      const evaluated = await havn.run("plan", directory);
      assert.equal(evaluated.code, 1);
      assert.match(evaluated.stderr, /havn\.config\.ts:\d+/);
      await declare(`
    const colour = defineFact("colour", { command: ["cat", "/etc/hostname"], parse: (told) => { if (told.includes("web-2")) throw new Error("no colour"); return "red"; } });
    const x = file("/etc/shop/x", { ...on, content: text\`\${colour}\\n\`, dependsOn: [base] });
    file("/etc/shop/y", { ...on, content: "y\\n", dependsOn: [x] });
    file("/etc/shop/z", { ...on, content: "z\\n", dependsOn: [base] });`);
      const { code, stdout, stderr } = await apply();
      assert.equal(code, 1);
      assert.match(stderr, /no colour/);
      assert.deepEqual(await onEach("echo $(ls /etc/shop)"), ["x y z", "z", "x y z"]);
    },
  );

  test(
    "two applies at once: side by side on different hosts, one after the other on the same",
    bound,
    async () => {
      await declare(standing);
      const first = apply("--host", "web-1");
      await stands("web-1");
      await on("web-2", "touch /run/go");
      const beside = await havn.must(["apply", directory, "--yes", "--host", "web-2"]);
      assert.match(beside.stdout + beside.stderr, /web-2:stand still: .*done/);
      const [running] = (await havn.applies("lab")).filter(({ state }) => state === "running");
      const refused = await apply("--host", "web-1");
      assert.equal(refused.code, 1);
      assert.ok(refused.stderr.includes(running?.id ?? "?"), refused.stderr);
      assert.match(refused.stderr, /--wait/);
      const waits = apply("--host", "web-1", "--wait");
      await on("web-1", "touch /run/go");
      const [one, two] = await Promise.all([first, waits]);
      assert.deepEqual([one.code, two.code], [0, 0], one.stderr + two.stderr);
    },
  );

  test("a part: what it leaves inconsistent is told", bound, async () => {
    await declare(`
    const list = file("/etc/shop/list", { ...on, content: "list\\n", dependsOn: [base] });
    file("/etc/shop/user", { ...on, content: "user\\n", dependsOn: [list] });`);
    const leftOut = (name: string) => new RegExp(`${name}:/etc/shop/list is left out and was never applied`);
    const target = await havn.must([
      ...["apply", directory, "--yes", "--target", "lab/file/web-1:/etc/shop/user"],
    ]);
    assert.match(target.stderr, leftOut("web-1"));
    const exclude = await havn.must([
      ...["apply", directory, "--yes", "--host", "web-2", "--exclude", "lab/file/web-2:/etc/shop/list"],
    ]);
    assert.match(exclude.stderr, leftOut("web-2"));
    assert.deepEqual(await onEach("ls /etc/shop | grep -E 'list|user' || true"), ["user", "user", ""]);
  });

  test(
    "a machine that dies and one that reboots in the middle of their bundles: both go on behind it",
    bound,
    async () => {
      await onEach("rm -f /run/go /run/stands; touch /run/before");
      await declare(`
    const first = file("/etc/shop/first", { ...on, content: "1\\n", dependsOn: [base] });
    const middle = name === "web-1" ? reboot("now", { ...on, on: [first] })
      : name === "web-2" ? command("stand still", { ...on, command: ["sh", "-c", "touch /run/stands; until test -e /run/go; do sleep 0.1; done"], dependsOn: [first] })
      : first;
    file("/etc/shop/second", { ...on, content: "2\\n", dependsOn: [middle] });`);
      const applying = apply();
      await stands("web-2");
      await createNspawnProvider(havn).kill("lab", "web-2");
      // It is booted again, and asked for the same bundle again.
      await stands("web-2");
      await on("web-2", "touch /run/go");
      const { code, stdout, stderr } = await applying;
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(await onEach("cat /etc/shop/second"), ["2", "2", "2"]);
      assert.deepEqual(await onEach("ls /run/before 2>/dev/null || true"), ["", "", "/run/before"]);
    },
  );
});
