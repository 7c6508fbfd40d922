import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { type ProbeOf, probeSchema } from "@havn/model";
import { until } from "@havn/testkit";
import fc from "@havn/testkit/property";
import type { Measure, Range } from "../measure.ts";
import { attemptOf } from "../testing/contract.ts";
import { programs } from "../testing/servers.ts";
import { commandWords } from "./command.ts";
import { sweep } from "./leftovers.ts";
import { readPluginOutput } from "./output.ts";
import { inBaseUnit, parsePerformanceData } from "./performance.ts";
import { runProgram } from "./run.ts";

const text = readFileSync(new URL("./cases/performance.txt", import.meta.url), "utf8");
for (const block of text.trimEnd().split(/\n\n/)) {
  const [title = "", data = "", expected = "", unreadable = "unreadable: "] = block.split("\n");
  test(`performance data: ${title.replace("# ", "")}`, () => {
    const found = parsePerformanceData(data);
    assert.equal(found.measures.map(shown).join(" | "), expected.replace(/^-> ?/, ""));
    assert.equal(found.unreadable.join(", "), unreadable.replace("unreadable: ", ""));
  });
}

function shown({ label, value, unit, warning, critical, minimum, maximum }: Measure): string {
  const end = (one: number) => String(one).replace("Infinity", "∞");
  const range = (name: string, one: Range | undefined) =>
    one ? [name, ...(one.inside ? ["in"] : []), `${end(one.start)}..${end(one.end)}`] : [];
  const ends = [
    ...(minimum === undefined ? [] : ["min", minimum]),
    ...(maximum === undefined ? [] : ["max", maximum]),
  ];
  return [label, value ?? "U", unit, ...range("warning", warning), ...range("critical", critical), ...ends]
    .filter((part) => part !== "")
    .join(" ");
}

test("performance data: anything is read without a throw, and what was written is read back", () => {
  fc.assert(fc.property(fc.string(), (any) => void parsePerformanceData(any)));
  const label = fc.string({ minLength: 1 }).filter((one) => !/[\n\r]/.test(one));
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.integer())), (pairs) => {
      const written = pairs.map(([name, value]) => `'${name.replaceAll("'", "''")}'=${value}`).join(" ");
      assert.deepEqual(
        parsePerformanceData(written).measures.map((one) => [one.label, one.value]),
        pairs.map(([name, value]) => [name, value]),
      );
    }),
  );
});

test("units: seconds and bytes, the rest as it is", () => {
  assert.deepEqual(inBaseUnit({ label: "a", value: 1500, unit: "ms" }).value, 1.5);
  assert.deepEqual(inBaseUnit({ label: "a", value: 2, unit: "MB", maximum: 4 }).maximum, 4 * 1024 ** 2);
  assert.deepEqual(inBaseUnit({ label: "a", value: 7, unit: "%" }).unit, "%");
});

test("output: first line, long text, performance data in both", () => {
  const found = readPluginOutput(
    "DISK OK|/=2643MB;5948;5958;0;5968\n/ 15272 MB\n/boot \\| 68 MB|/boot=68MB\n/home=69357MB\n",
  );
  assert.equal(found.output, "DISK OK");
  assert.equal(found.long, "/ 15272 MB\n/boot | 68 MB");
  assert.deepEqual(
    found.measures.map(({ label }) => label),
    ["/", "/boot", "/home"],
  );
});

test("commands: macros are parts of words, a shell is used where the line wants one, and reads no value", () => {
  const macros = { USER1: "/plugins", HOSTADDRESS: "10.0.0.1; rm -rf /", ARG1: "a b", ARG2: "'$(id)'" };
  const words = (line: string) => commandWords(line, macros);
  assert.deepEqual(words("$USER1$/check_ping -H $HOSTADDRESS$ -w '$ARG1$' -x $NONE$ $$5").words, [
    ...["/plugins/check_ping", "-H", "10.0.0.1; rm -rf /", "-w", "a b", "-x", "", "$5"],
  ]);
  const shell = words("$USER1$/check_x '$ARG1$' \"$ARG2$\" $HOSTADDRESS$ | head -1");
  assert.equal(shell.words[0], "/bin/sh");
  assert.ok(!shell.words.join(" ").includes("rm -rf"));
  assert.equal(shell.env["HAVN_MACRO_ARG2"], "'$(id)'");
});

const plugin = (
  more: Partial<ProbeOf<"plugin">> & { command: ProbeOf<"plugin">["command"] },
  timeoutMs?: number,
) => attemptOf(probeSchema.parse({ kind: "plugin", ...more }), timeoutMs);

test("a shell's values arrive as they are", async () => {
  const attempt = await plugin({
    command: "printf '%s,%s,%s' '$ARG1$' \"$ARG2$\" $ARG3$ | cat",
    arguments: ["a  b", "'$(id)'", "`x`"],
  });
  assert.equal(attempt.output, "a  b,'$(id)',`x`");
});

test("exit codes", async () => {
  const states = await Promise.all(
    [0, 1, 2, 3].map((code) => plugin({ command: ["/bin/sh", "-c", `echo it; exit ${code}`] })),
  );
  assert.deepEqual(
    states.map(({ state }) => state),
    ["ok", "warning", "critical", "unknown"],
  );
  const beyond = await plugin({ command: ["/bin/sh", "-c", "exit 42"] });
  assert.equal(`${beyond.state} ${beyond.output}`, "critical /bin/sh ended with 42, which is no state");
  assert.equal(
    (await plugin({ command: ["/bin/sh", "-c", "kill -9 $$$$"] })).output,
    "/bin/sh was ended by SIGKILL",
  );
  assert.equal(
    (await plugin({ command: ["/no/such/plugin"] })).output,
    "it cannot be run: there is no program /no/such/plugin",
  );
  assert.equal((await plugin({ command: ["/bin/true"] })).output, "(no output)");
});

test("a plugin runs as nobody, and secrets of its environment stand in no output", async () => {
  const attempt = await plugin({
    command: ["/bin/sh", "-c", "id -u; echo $PASSWORD"],
    env: { PASSWORD: "a-long-secret" },
  });
  if (process.getuid?.() === 0) assert.equal(attempt.output, "65534");
  assert.equal(attempt.long, "***");
});

test("a plugin that never ends is ended with all that it began", { timeout: 600_000 }, async () => {
  await using folder = await programs({
    hang: "#!/bin/sh\nsleep 86399.5 &\nsleep 86399.5 &\ntrap '' TERM\necho begun\nwait\n",
  });
  const attempt = plugin({ command: [`${folder.path}/hang`] }, 500);
  await attempt;
  await until(async () => (await sleepers()) === 0, { what: "nobody sleeps any more" });
});

async function sleepers(seconds = "86399.5"): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(`sleep\0${seconds}`)).length;
}
const awake = (seconds: string) =>
  until(async () => (await sleepers(seconds)) === 0, { what: `nobody sleeps ${seconds} s any more` });

test("what a plugin began is ended with it, also what left its group; it is said, and not waited for", {
  timeout: 600_000,
}, async () => {
  const inGroup = await plugin({ command: ["/bin/sh", "-c", "sleep 86398.1 >/dev/null 2>&1 & echo fine"] });
  assert.deepEqual([inGroup.state, inGroup.output], ["ok", "fine"]);
  assert.match(inGroup.long ?? "", /left running was ended/);
  await awake("86398.1");
  const holdingOn = await plugin({ command: ["/bin/sh", "-c", "setsid sleep 86398.2 & echo fine; exit 1"] });
  assert.deepEqual([holdingOn.state, holdingOn.output], ["warning", "fine"]);
  assert.match(holdingOn.long ?? "", /left running was ended/);
  await awake("86398.2");
  const late = plugin(
    { command: ["/bin/sh", "-c", "setsid sleep 86398.3 >/dev/null 2>&1 & sleep 86398.3"] },
    500,
  );
  await late;
  await awake("86398.3");
  // One that gave everything up is found by and by.
  const begun = "f=$(mktemp -u /tmp/havn-left.XXXXXX); export f";
  const daemon = `setsid sh -c ': >"$f"; exec sleep 86398.4' </dev/null >/dev/null 2>&1 &`;
  const waited = 'until [ -e "$f" ]; do sleep 0.05; done; rm "$f"; echo fine';
  const command = ["/bin/sh", "-c", [begun, daemon, waited].join("\n")];
  assert.equal((await plugin({ command })).output, "fine");
  await until(async () => (await sleepers("86398.4")) === 1, { what: "it sleeps" });
  await sweep();
  await awake("86398.4");
});

test("a plugin that forks without an end is ended with all of it, and others go on", {
  timeout: 600_000,
}, async () => {
  await using folder = await programs({
    // Each process begins two others, up to some depth, and each of them leaves its group.
    fork: '#!/bin/sh\n[ "$1" = 0 ] && exec sleep 86397.5\nfor at in 1 2 3; do setsid "$0" $(($1 - 1)) & done\nwait\n',
  });
  const stopping = new AbortController();
  const forking = runProgram([`${folder.path}/fork`, "4"], { signal: stopping.signal });
  await until(async () => (await sleepers("86397.5")) >= 40, { what: "many of them" });
  const other = await plugin({ command: ["/bin/sh", "-c", "echo other"] });
  assert.deepEqual([other.state, other.output], ["ok", "other"]);
  stopping.abort();
  assert.ok((await forking).left >= 40);
  await awake("86397.5");
});

test("a plugin that writes on and on is ended, and that is said", { timeout: 600_000 }, async () => {
  const before = process.memoryUsage().rss;
  const attempt = await plugin({ command: ["/usr/bin/yes"] }, 300_000);
  assert.deepEqual([attempt.state, attempt.output.split(": ")[0]], ["critical", "/usr/bin/yes was ended"]);
  assert.match(attempt.output, /it wrote on and on/);
  assert.ok(process.memoryUsage().rss - before < 150_000_000);
});

test("binary output: what is no text is told as such, and nothing breaks", { timeout: 600_000 }, async () => {
  const script =
    "printf 'A\\377\\376\\000B|x=1;\\000\\377\\n\\033[31mred\\007\\n'; head -c 100000 /dev/urandom; exit 2";
  const attempt = await plugin({ command: ["/bin/sh", "-c", script] });
  assert.equal(attempt.state, "critical");
  assert.ok(attempt.output.startsWith("A\ufffd\ufffd"), attempt.output);
  assert.ok(attempt.output.isWellFormed() && (attempt.long ?? "").isWellFormed());
  assert.ok((attempt.long ?? "").length < 300_000);
});

test("a plugin that prints 100 MB is read to its end and kept in part", { timeout: 600_000 }, async () => {
  const before = process.memoryUsage().rss;
  const attempt = await plugin({
    command: ["/bin/sh", "-c", "echo first; head -c 104857600 /dev/zero | tr '\\0' x; exit 1"],
  });
  assert.equal(attempt.state, "warning");
  assert.equal(attempt.output, "first");
  assert.ok((attempt.long ?? "").length < 300_000);
  assert.match(attempt.long ?? "", /further output was thrown away/);
  assert.ok(process.memoryUsage().rss - before < 150_000_000);
});

test("Debian's monitoring-plugins, as they are", { timeout: 600_000 }, async () => {
  const load = await plugin({ command: "$USER1$/check_load -w 1000,1000,1000 -c 2000,2000,2000" });
  assert.equal(load.state, "ok", load.output);
  assert.match(load.output, /^(LOAD )?OK.*load average/i);
  assert.deepEqual(
    load.measures?.map(({ label, warning }) => `${label} ${warning?.end}`),
    ["load1 1000", "load5 1000", "load15 1000"],
  );
  const dummy = await plugin({
    command: "$USER1$/check_dummy $ARG1$ $ARG2$",
    arguments: ["2", "as it was told"],
  });
  assert.equal(`${dummy.state} ${dummy.output}`, "critical CRITICAL: as it was told");
  const disk = await plugin({
    command: ["/usr/lib/nagios/plugins/check_disk", "-w", "1%", "-c", "1%", "-p", "/"],
  });
  assert.ok(
    disk.measures?.some(({ label, unit }) => label === "/" && unit.endsWith("B")),
    disk.output,
  );
  const procs = await plugin({ command: "$USER1$/check_procs -c 1:" });
  assert.equal(procs.state, "ok", procs.output);
  const usage = await plugin({ command: "$USER1$/check_tcp" });
  assert.equal(usage.state, "unknown", usage.output);
});
