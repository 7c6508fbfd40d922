import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, hostname, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LongWay, openLongWay } from "./delay.ts";
import { inTurn, type Lab, type Machine, openLab, sshOptions, timed } from "./lab.ts";
import {
  type AnsibleWay,
  ansibleSettings,
  manifest,
  manifestOnMachine,
  playbook,
  script,
  scriptOnMachine,
} from "./tools.ts";
import { resetScript, type Step, stateScript, workload } from "./workload.ts";

/**
 * Bringing hosts to a desired state, and looking at hosts that are there: Havn as a user runs it, beside Ansible (as it
 * comes, with pipelining, with Mitogen) and `puppet apply`, and a shell script with the fewest commands (a first run's floor), on machines of one kind, in one run. Tools take turns at each
 * size, so that a computer that is busy is busy for all. After each first run the end states are compared.
 *
 *   scripts/node.sh bench/configuration/run.ts [--cases 1x100,3x100,1x1000] [--tools havn,script,pipelining,mitogen,puppet,default]
 *     [--delays 0,10,50] [--runs first,converged,check,one change] [--bound 600] [--json FILE]
 *
 * A case may name its tools: 1x1000:havn+puppet. Needs root, and Debian's packages ansible, ansible-mitogen and time. A run that takes longer than --bound seconds is
 * stopped and told as that; nothing is extrapolated.
 */
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1x100,3x100,10x100,1x1000" },
    tools: { type: "string", default: "havn,script,puppet,mitogen,pipelining,default" },
    delays: { type: "string", default: "0,10,50" },
    runs: { type: "string", default: "first,converged,check,one change" },
    bound: { type: "string", default: "600" },
    json: { type: "string" },
  },
});
type Tool = "havn" | "puppet" | "script" | AnsibleWay;
const tools = values.tools.split(",") as Tool[];
const cases = values.cases.split(",").map((text) => {
  const [size = "", some] = text.split(":");
  const [machines = 1, resources = 100] = size.split("x").map(Number);
  return { machines, resources, tools: (some?.split("+") ?? tools) as Tool[] };
});
const runs = values.runs.split(",") as Run[];
const boundMs = Number(values.bound) * 1000;

type Run = "first" | "converged" | "one change" | "check";
interface Figure {
  tool: Tool;
  machines: number;
  resources: number;
  run: Run;
  delayMs: number;
  seconds: number;
  /** Of Havn: from the apply's start to its end, without configuration and plan. */
  applySeconds?: number;
  changed: number | undefined;
  controllerCpu: number;
  machineCpu: number;
  controllerMegabytes: number;
  kilobytes: number;
  load: number;
  note?: string;
}
const figures: Figure[] = [];

const folder = await mkdtemp("/tmp/havn-configuration-");
try {
  const most = Math.max(...cases.map(({ machines }) => machines));
  await using lab = await openLab(most, folder);
  console.log(`${hostname()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`);
  for (const one of cases) await measureCase(lab, one);
  for (const delayMs of values.delays.split(",").map(Number)) await measureDelay(lab, delayMs);
} finally {
  if (values.json) await writeFile(values.json, JSON.stringify(figures, null, 1));
  await rm(folder, { recursive: true, force: true });
}

/** All tools, in turn, from nothing to converged. */
async function measureCase(lab: Lab, { machines, resources, tools }: (typeof cases)[number]): Promise<void> {
  const steps = workload(resources);
  let expected: string[] | undefined;
  for (const tool of tools) {
    const own = (tool === "havn" ? lab.hosts : lab.twins).slice(0, machines);
    if (tool !== "havn")
      await inTurn(
        own.map((one) => () => reset(lab, one)),
        3,
      );
    const on = { lab, tool, machines: own, resources, delayMs: 0 };
    const first = await measure({ ...on, run: "first", steps });
    if (first.note) continue;
    const states = await Promise.all(own.map((one) => stateOf(lab, one)));
    expected ??= states;
    tellDifferences(tool, expected, states);
    for (const run of runs.filter((one) => one !== "first" && tool !== "script"))
      await measure({ ...on, run, steps: workload(resources, run === "one change" ? 2 : 1) });
  }
  // Havn's hosts are taken back to before, by Havn.
  if (tools.includes("havn")) {
    await lab.declare([], 0);
    await lab.havn.must(["apply", lab.configuration, "--yes"]);
    await inTurn(
      lab.hosts.slice(0, machines).map((one) => () => reset(lab, one)),
      3,
    );
  }
}

/** A small converged run over a longer way: what it takes more, in round trips. */
async function measureDelay(lab: Lab, delayMs: number): Promise<void> {
  const steps = workload(20);
  const { port, agentPort } = JSON.parse(
    await readFile(join(lab.havn.dataDirectory, "server.json"), "utf8"),
  ) as { port: number; agentPort: number };
  const [host, twin] = [lab.hosts[0], lab.twins[0]];
  if (!host || !twin || !port) return;
  const gateway = { address: host.ip.replace(/\d+$/, "1"), port: agentPort };
  await using way = await openLongWay(delayMs, { machines: [twin], gateway });
  const { stderr } = await lab.ssh(host, "systemctl restart havn-agent");
  if (stderr.trim()) console.log(stderr);
  for (const tool of tools.filter((one) => one !== "puppet" && one !== "script")) {
    const on = { lab, tool, machines: [tool === "havn" ? host : twin], resources: 20, delayMs, way };
    if (tool !== "havn") await reset(lab, twin);
    await waitConnected(lab);
    const first = await measure({ ...on, run: "first", steps });
    if (!first.note) await measure({ ...on, run: "converged", steps });
  }
  await lab.declare([], 0);
  await lab.havn.must(["apply", lab.configuration, "--yes"]);
  await reset(lab, host);
}

async function waitConnected(lab: Lab): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { hosts } = await lab.havn.status("bench");
    if (hosts.every(({ connected }) => connected)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface Asked {
  lab: Lab;
  tool: Tool;
  machines: readonly Machine[];
  resources: number;
  delayMs: number;
  run: Run;
  steps: readonly Step[];
  way?: LongWay;
}

async function measure(asked: Asked): Promise<Figure> {
  const { lab, tool, machines, resources, delayMs, run } = asked;
  await prepare(asked);
  const before = {
    cpu: lab.machineCpu(machines),
    bytes: lab.machineBytes(machines),
    server: lab.controlPlane(),
  };
  const ended = await start(asked);
  const server = lab.controlPlane();
  const figure: Figure = {
    ...{ tool, machines: machines.length, resources, run, delayMs },
    seconds: ended.seconds,
    ...(ended.applySeconds !== undefined && { applySeconds: ended.applySeconds }),
    changed: ended.changed,
    controllerCpu: ended.cpuSeconds + (tool === "havn" ? server.cpuSeconds - before.server.cpuSeconds : 0),
    machineCpu: lab.machineCpu(machines) - before.cpu,
    controllerMegabytes: tool === "havn" ? server.serverMegabytes : ended.megabytes,
    kilobytes: (lab.machineBytes(machines) - before.bytes) / 1000,
    load: loadavg()[0] ?? 0,
    ...(ended.note !== undefined && { note: ended.note }),
  };
  figures.push(figure);
  tell(figure);
  return figure;
}

async function prepare({ lab, tool, machines, steps, way }: Asked): Promise<void> {
  if (tool === "havn") return lab.declare(steps, machines.length);
  if (tool === "puppet" || tool === "script") {
    const file = join(folder, "prepared");
    await writeFile(file, tool === "puppet" ? manifest(steps) : script(steps));
    const there = tool === "puppet" ? manifestOnMachine : scriptOnMachine;
    for (const { ip } of machines)
      await timed(["scp", "-q", ...sshOptions(lab.key), file, `root@${ip}:${there}`], { timeoutMs: 60_000 });
    return;
  }
  await writeFile(join(folder, "playbook.yml"), playbook(steps));
  await writeFile(join(folder, "ansible.cfg"), ansibleSettings(tool, lab.key));
  const lines = machines.map((one) =>
    way
      ? `${one.name} ansible_host=127.0.0.1 ansible_port=${way.port(one)}`
      : `${one.name} ansible_host=${one.ip}`,
  );
  await writeFile(join(folder, "inventory"), `${lines.join("\n")}\n`);
}

interface Outcome {
  seconds: number;
  cpuSeconds: number;
  megabytes: number;
  changed: number | undefined;
  applySeconds?: number;
  note?: string;
}

function start(asked: Asked): Promise<Outcome> {
  if (asked.tool === "havn") return startHavn(asked);
  return asked.tool === "puppet" || asked.tool === "script" ? startThere(asked) : startAnsible(asked);
}

/** The whole command, with its own start, the configuration, the plan and what is shown of it. */
async function startHavn({ lab, run }: Asked): Promise<Outcome> {
  const { havn, configuration } = lab;
  const args = run === "check" ? ["plan", configuration] : ["apply", configuration, "--yes"];
  const env = {
    HAVN_DATA: havn.dataDirectory,
    HAVN_PORT: String(havn.port),
    NO_COLOR: "1",
    HAVN_CONFIG_TIMEOUT: "60s",
  };
  const ended = await timed([new URL("../../havn", import.meta.url).pathname, ...args], {
    env,
    timeoutMs: boundMs,
  });
  const [apply] = run === "check" ? [] : await havn.applies("bench");
  const fresh =
    /\d+ changes?\.|changed/.test(ended.stdout + ended.stderr) &&
    !/No changes/.test(ended.stdout + ended.stderr);
  const seconds = apply?.endedAt && fresh ? (apply.endedAt - apply.startedAt) / 1000 : undefined;
  return {
    ...ended,
    changed: fresh ? (apply?.steps.length ?? 0) : 0,
    ...(seconds !== undefined && { applySeconds: seconds }),
    ...(ended.code !== 0 && { note: `ended with ${ended.code}: ${ended.stderr.slice(-300)}` }),
  };
}

/** The way from here counts for nothing: it is started on each machine over a connection of its own, all at once. */
async function startThere({ lab, tool, machines, run }: Asked): Promise<Outcome> {
  const puppet = `puppet apply --detailed-exitcodes ${run === "check" ? "--noop" : ""} ${manifestOnMachine}`;
  const command = tool === "puppet" ? puppet : `sh ${scriptOnMachine}`;
  const began = performance.now();
  const all = await Promise.all(machines.map((one) => lab.ssh(one, command)));
  const seconds = (performance.now() - began) / 1000;
  const failed = all.find(({ code }) => code !== 0 && !(tool === "puppet" && code === 2));
  return {
    ...{ seconds, cpuSeconds: all.reduce((total, one) => total + one.cpuSeconds, 0) },
    megabytes: Math.max(...all.map(({ megabytes }) => megabytes)),
    changed: all.every(({ code }) => code === 0)
      ? 0
      : all.reduce((total, { stdout }) => total + count(stdout), 0),
    ...(failed && { note: `ended with ${failed.code}: ${failed.stderr.slice(-300)}` }),
  };
}

function count(text: string): number {
  return text
    .split("\n")
    .filter((line) => /^.*Notice: \/Stage.*(ensure|content|changed|created|executed)/.test(line)).length;
}

async function startAnsible({ run }: Asked): Promise<Outcome> {
  const command = ["ansible-playbook", "-i", join(folder, "inventory"), join(folder, "playbook.yml")];
  if (run === "check") command.push("--check", "--diff");
  const ended = await timed(command, {
    env: { ANSIBLE_CONFIG: join(folder, "ansible.cfg") },
    timeoutMs: boundMs,
  });
  const changed = [...ended.stdout.matchAll(/changed=(\d+)/g)].reduce(
    (total, [, text]) => total + Number(text),
    0,
  );
  if (ended.timedOut) return { ...ended, changed: undefined, note: `stopped after ${boundMs / 1000} s` };
  return {
    ...ended,
    changed,
    ...(ended.code !== 0 && {
      note: `ended with ${ended.code}: ${(ended.stdout + ended.stderr).slice(-300)}`,
    }),
  };
}

async function reset(lab: Lab, machine: Machine): Promise<void> {
  const { code, stderr } = await lab.ssh(machine, resetScript());
  if (code !== 0 && stderr.trim()) console.log(`${machine.name} was not reset: ${stderr}`);
}

async function stateOf(lab: Lab, machine: Machine): Promise<string> {
  return (await lab.ssh(machine, stateScript())).stdout;
}

function tellDifferences(tool: Tool, expected: readonly string[], states: readonly string[]): void {
  const differing = states.flatMap((state) => {
    const [wanted, found] = [new Set(expected[0]?.split("\n")), new Set(state.split("\n"))];
    return [
      ...[...wanted].filter((line) => !found.has(line)).map((line) => `- ${line}`),
      ...[...found].filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
    ];
  });
  const lines = expected[0]?.split("\n").length ?? 0;
  console.log(
    `  end state after ${tool}: ${differing.length === 0 ? `${states.length} × ${lines} lines equal` : `${differing.length} of ${lines} lines differ`}`,
  );
  for (const line of differing.slice(0, 6)) console.log(`    ${line}`);
}

function tell(figure: Figure): void {
  const { tool, machines, resources, run, delayMs, seconds, applySeconds, changed, note } = figure;
  const cells = [
    `${machines} × ${resources}`.padEnd(9),
    `${delayMs} ms`.padEnd(6),
    tool.padEnd(10),
    run.padEnd(10),
    `${seconds.toFixed(2)} s`.padStart(10),
    (applySeconds === undefined ? "" : `apply ${applySeconds.toFixed(2)}`).padEnd(12),
    `${changed ?? "?"} changed`.padStart(13),
    `cpu ${figure.controllerCpu.toFixed(1)} + ${figure.machineCpu.toFixed(1)} s`.padEnd(18),
    `${figure.controllerMegabytes.toFixed(0)} MB`.padStart(7),
    `${figure.kilobytes.toFixed(0)} kB`.padStart(9),
    `load ${figure.load.toFixed(1)}`,
    note?.replaceAll("\n", " ") ?? "",
  ];
  console.log(`  ${cells.join("  ")}`);
}
