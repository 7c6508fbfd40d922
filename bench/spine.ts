import { execFile } from "node:child_process";
import { cpus, hostname, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { MethodResult } from "@havn/delivery/load";
import { systemClock as clock } from "@havn/model";
import { until } from "@havn/testkit";
import { copyExample } from "../apps/server/testing/examples.ts";
import { type Havn, openHavn } from "../apps/server/testing/havn.ts";
import {
  kill9,
  processesOf,
  processorSeconds,
  proportionalMegabytes,
} from "../apps/server/testing/processes.ts";
import { ssh } from "../apps/server/testing/ssh.ts";

/**
 * The figures of the main road: how long `up` takes, how soon a fall is an alert, what agents and the control plane
 * hold at rest, and what a rollout under load costs. Needs root for the shop's machines; `--only hello` does not.
 *
 *   scripts/node.sh bench/spine.ts [--only hello|shop] [--rest 60] [--rps 500]
 */
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rest: { type: "string", default: "60" },
    rps: { type: "string", default: "500" },
  },
});
const restSeconds = Number(values.rest);

console.log(`${hostname()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`);
if (values.only !== "shop") await measureHello();
if (values.only !== "hello") await measureShop();

/** One figure, with the load average beside it: what else runs on the machine tells whether it means anything. */
function tell(what: string, figure: string): void {
  console.log(`  ${what.padEnd(44)} ${figure.padEnd(34)} (load ${loadavg()[0]?.toFixed(1)})`);
}
function inSeconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function median(of: number[]): number {
  return of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
}

async function measureHello(): Promise<void> {
  await using havn = await openHavn("bench");
  await using example = await copyExample("hello");
  console.log("hello");
  const first = await havn.must(["up", example.directory, "--yes"]);
  tell("up, the first time", inSeconds(first.seconds));
  await havn.must(["down"]);
  tell("up, resumed", inSeconds((await havn.must(["up", "--yes"])).seconds));
  await measureAlerts(havn, 10);
  await clock.sleep(20_000);
  await measureRest(havn);
  await havn.must(["destroy", "--all", "--yes"]);
}

/** From the kill of an instance to the moment that whoever asks for the timeline is told of the alert. */
async function measureAlerts(havn: Havn, times: number): Promise<void> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    const { pid, last } = await until(
      async () => {
        const status = await havn.status("hello");
        const [instance] = status.services[0]?.instances ?? [];
        const quiet = status.health === "healthy" && instance?.health === "healthy";
        return (
          quiet && instance.pid !== undefined && { pid: instance.pid, last: await havn.lastEventId("hello") }
        );
      },
      { what: "hello to be healthy", timeoutMs: 90_000 },
    );
    const killedAt = Date.now();
    kill9(pid);
    const { id } = await havn.event("hello", "alert.firing", { after: last });
    taken.push(Date.now() - killedAt);
    await havn.event("hello", "alert.resolved", { after: id, timeoutMs: 90_000 });
  }
  tell(
    `instance killed → alert on the timeline, ${times} times`,
    `median ${median(taken)} ms, most ${Math.max(...taken)} ms`,
  );
}

/** The agent and the control plane while nothing happens. */
async function measureRest({ dataDirectory }: Havn): Promise<void> {
  const all = processesOf(dataDirectory);
  const agent = all.find(({ command }) => command.includes("agent.mjs") && !command.includes("supervise.sh"));
  const before = agent && processorSeconds(agent.pid);
  await clock.sleep(restSeconds * 1000);
  if (agent && before !== undefined)
    tell(
      `agent at rest, over ${restSeconds} s`,
      `${proportionalMegabytes(agent.pid).toFixed(0)} MB, ${(((processorSeconds(agent.pid) - before) / restSeconds) * 100).toFixed(2)} % of a core`,
    );
  tellControlPlane(dataDirectory);
}

/** Proportional set sizes: what the processes of PostgreSQL share counts once. */
function tellControlPlane(dataDirectory: string): void {
  const parts = { server: 0, postgres: 0, clickhouse: 0 };
  for (const { pid, command } of processesOf(dataDirectory)) {
    const megabytes = proportionalMegabytes(pid);
    if (command.includes("server/main.ts")) parts.server += megabytes;
    else if (command.includes("clickhouse/embedded/child.ts")) parts.clickhouse += megabytes;
    else if (/postgres: |bin\/postgres -D/.test(command)) parts.postgres += megabytes;
  }
  const sum = Object.values(parts).reduce((total, part) => total + part, 0);
  const detail = Object.entries(parts).map(([name, part]) => `${name} ${part.toFixed(0)}`);
  tell("control plane, resident", `${sum.toFixed(0)} MB (${detail.join(", ")})`);
}

async function measureShop(): Promise<void> {
  await using havn = await openHavn("bench");
  await using example = await copyExample("shop");
  console.log("shop");
  const first = await havn.must(["up", example.directory, "--yes"]);
  tell("up, the first time (image cached or not)", inSeconds(first.seconds));
  await tellSlowest(havn);
  await havn.must(["down"]);
  tell("up, resumed", inSeconds((await havn.must(["up", "--yes"])).seconds));
  await measurePlan(havn, example.directory);
  await measureMachineAgents(havn);
  tellControlPlane(havn.dataDirectory);
  await measureRollout(havn, example);
  await havn.must(["destroy", "--all", "--yes"]);
}

/** Where the time of the first `up` went. */
async function tellSlowest(havn: Havn): Promise<void> {
  const [apply] = await havn.applies("shop");
  const steps = (apply?.steps ?? []).map(({ address, startedAt = 0, endedAt = 0 }) => ({
    address,
    seconds: (endedAt - startedAt) / 1000,
  }));
  for (const { address, seconds } of steps.toSorted((a, b) => b.seconds - a.seconds).slice(0, 4))
    tell(`  of it ${address}`, inSeconds(seconds));
}

async function measurePlan(havn: Havn, directory: string): Promise<void> {
  const graph = await havn.get("/api/v1/environments/shop/graph");
  const taken: number[] = [];
  for (let time = 0; time < 5; time++) {
    const began = performance.now();
    const plan = await havn.plan({ graph });
    taken.push((performance.now() - began) / 1000);
    if (plan.changes.some(({ action }) => action !== "no-op")) throw new Error("the plan has changes");
  }
  tell("plan without changes, by the server", `${(median(taken) * 1000).toFixed(0)} ms`);
  tell("plan without changes, `havn plan`", inSeconds((await havn.must(["plan", directory])).seconds));
}

/** One agent of the four machines, as it stands under /proc there. */
async function measureMachineAgents(havn: Havn): Promise<void> {
  const web = (await havn.status("shop")).hosts.find(({ name }) => name === "web-1");
  const read = async () => {
    const text = await ssh(
      havn.dataDirectory,
      web?.ip ?? "",
      "pid=$(systemctl show -P MainPID havn-agent); cat /proc/$pid/stat; grep VmRSS /proc/$pid/status",
    );
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const megabytes = Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
    return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, megabytes };
  };
  const before = await read();
  await clock.sleep(restSeconds * 1000);
  const after = await read();
  const share = ((after.seconds - before.seconds) / restSeconds) * 100;
  tell(
    `agent of web-1 at rest, over ${restSeconds} s`,
    `${after.megabytes.toFixed(0)} MB, ${share.toFixed(2)} % of a core`,
  );
}

async function measureRollout(
  havn: Havn,
  example: { directory: string; edit(file: string, from: string, to: string): Promise<void> },
): Promise<void> {
  const url = (await havn.status("shop")).balancers[0]?.url ?? "";
  await example.edit("havn.config.ts", "Havn Chandlery", "New Chandlery");
  const rollout = fileURLToPath(new URL("./rollout.ts", import.meta.url));
  const args = [rollout, "--url", url, "--rps", values.rps, "--seconds", "50", "--json"];
  // The load ends with 1 where a request was lost: what it counted is told all the same.
  const load = promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  await clock.sleep(3000);
  const deploy = await havn.must(["deploy", example.directory, "--yes"]);
  const rollback = await havn.must(["rollback", "shop"]);
  const { result } = JSON.parse((await load).stdout) as { result: Record<"GET" | "POST", MethodResult> };
  tell("deploy and rollback", `${inSeconds(deploy.seconds)} and ${inSeconds(rollback.seconds)}`);
  for (const [method, { sent, lost, reasons, latency }] of Object.entries(result))
    tell(
      `${method} under ${values.rps} requests/s`,
      `${sent} sent, ${lost} lost ${lost > 0 ? JSON.stringify(reasons) : ""}; p99 ${latency.p99} ms`,
    );
}
