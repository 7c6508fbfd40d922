import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Havn, openHavn } from "../../apps/server/testing/havn.ts";
import { processesOf, processorSeconds, proportionalMegabytes } from "../../apps/server/testing/processes.ts";
import { havnConfig } from "./tools.ts";
import { prefetchScript, type Step } from "./workload.ts";

/** A machine as the peers reach it. */
export interface Machine {
  name: string;
  id: string;
  ip: string;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
  /** Of the command and all that it waited for. */
  cpuSeconds: number;
  /** Of its largest process, in MB. */
  megabytes: number;
  timedOut: boolean;
}

/** Hosts that Havn manages and twins for the peers, of one kind, on one computer. */
export interface Lab extends AsyncDisposable {
  havn: Havn;
  hosts: Machine[];
  twins: Machine[];
  key: string;
  /** Folder of the configuration. */
  configuration: string;
  declare(steps: readonly Step[], count: number): Promise<void>;
  ssh(machine: Machine, script: string): Promise<Ended>;
  /** Seconds of processor time of everything on these machines. */
  machineCpu(machines: readonly Machine[]): number;
  machineBytes(machines: readonly Machine[]): number;
  /** The server, PostgreSQL and ClickHouse. */
  controlPlane(): { cpuSeconds: number; serverMegabytes: number };
}

const peersNeed = "python3 python3-apt puppet-agent puppet-module-puppetlabs-stdlib";

export async function openLab(count: number, folder: string): Promise<Lab> {
  const havn = await openHavn("bench-configuration");
  const configuration = join(folder, "configuration");
  await mkdir(configuration, { recursive: true });
  const names = (prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
  const [hosts, twins] = [names("host"), names("twin")];
  const declare: Lab["declare"] = async (steps, active) => {
    await writeFile(join(configuration, "havn.config.ts"), havnConfig());
    const content = { hosts, twins, active: hosts.slice(0, active), steps };
    await writeFile(join(configuration, "steps.json"), JSON.stringify(content));
  };
  await declare([], 0);
  await havn.must(["up", configuration, "--yes"]);
  const machine = async (name: string): Promise<Machine> => {
    const path = join(havn.dataDirectory, "machines", `bench.${name}`, "machine.json");
    const { id, ip } = JSON.parse(await readFile(path, "utf8")) as { id: string; ip: string };
    return { name, id, ip };
  };
  const key = join(havn.dataDirectory, "ssh/id_ed25519");
  const ssh: Lab["ssh"] = ({ ip }, script) =>
    timed(["ssh", ...sshOptions(key), `root@${ip}`, script], { timeoutMs: 600_000 });
  const lab: Lab = {
    ...{ havn, configuration, declare, key, ssh },
    hosts: await Promise.all(hosts.map(machine)),
    twins: await Promise.all(twins.map(machine)),
    machineCpu: (machines) => sum(machines.map(({ id }) => cpuOf(id))),
    machineBytes: (machines) => sum(machines.map(({ id }) => bytesOf(id))),
    controlPlane() {
      const processes = processesOf(havn.dataDirectory).filter(({ command }) =>
        /server\/main\.ts|postgres|embedded\/child/.test(command),
      );
      const server = processes.find(({ command }) => command.includes("server/main.ts"));
      return {
        cpuSeconds: sum(processes.map(({ pid }) => secondsOf(pid))),
        serverMegabytes: server ? proportionalMegabytes(server.pid) : 0,
      };
    },
    [Symbol.asyncDispose]: () => havn[Symbol.asyncDispose](),
  };
  const prepare = async (one: Machine, more: string) => {
    const install = `DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends install cron ${more} >/dev/null`;
    const { code, stderr } = await ssh(one, `${prefetchScript} && ${install}`);
    if (code !== 0) throw new Error(`${one.name} was not prepared: ${stderr}`);
  };
  await inTurn(
    [
      ...lab.hosts.map((one) => () => prepare(one, "")),
      ...lab.twins.map((one) => () => prepare(one, peersNeed)),
    ],
    3,
  );
  return lab;
}

/** So many at a time. */
export async function inTurn(work: readonly (() => Promise<unknown>)[], width: number): Promise<void> {
  const waiting = work.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const one of waiting) await one();
    }),
  );
}

export const sshOptions = (key: string): string[] => [
  ...["-F", "none", "-i", key],
  ...["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"].flatMap(
    (option) => ["-o", option],
  ),
];

/** Runs a command under `time`; kills it after its time. */
export function timed(
  command: readonly string[],
  { env = {}, timeoutMs }: { env?: Record<string, string>; timeoutMs: number },
): Promise<Ended> {
  const began = performance.now();
  const mark = "\u0001";
  return new Promise((resolve, reject) => {
    const child = spawn("/usr/bin/time", ["-f", `${mark}%U %S %M`, ...command], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
      });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      const [said = "", figures = ""] = texts.stderr.split(mark);
      const [user = 0, system = 0, kilobytes = 0] = figures.trim().split(" ").map(Number);
      resolve({
        ...{ code, timedOut, stdout: texts.stdout, stderr: said },
        seconds: (performance.now() - began) / 1000,
        cpuSeconds: user + system,
        megabytes: kilobytes / 1024,
      });
    });
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function secondsOf(pid: number): number {
  try {
    return processorSeconds(pid);
  } catch {
    return 0; // it has just ended
  }
}

/** The machine's control group knows, wherever this computer has it. */
function cpuOf(id: string): number {
  for (const group of [`havn/${id}`, `unified/havn/${id}`, `system.slice/havn-machine-${id}.service`])
    try {
      const stat = readFileSync(`/sys/fs/cgroup/${group}/cpu.stat`, "utf8");
      return Number(/usage_usec (\d+)/.exec(stat)?.[1]) / 1e6;
    } catch {
      // Not there.
    }
  return Number.NaN;
}

const bytesOf = (id: string): number =>
  sum(
    ["rx_bytes", "tx_bytes"].map((name) =>
      Number(readFileSync(`/sys/class/net/vb-${id}/statistics/${name}`, "utf8")),
    ),
  );
