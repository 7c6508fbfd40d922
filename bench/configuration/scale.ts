import { execFileSync, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { cpus, hostname, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Plan, type Resource, systemClock } from "@havn/model";
import { openPostgres } from "@havn/postgres";
import { processorSeconds } from "../../apps/server/testing/processes.ts";
import { startServer } from "../../apps/server/testing/server.ts";
import type { Order } from "./scale-agents.ts";

/**
 * What many hosts cost the control plane: plans of 10,000 resources on 500 hosts, and 1,000 agents that rest. The agents
 * are simulated (see scale-agents.ts): what is measured is the server, not them. They send heartbeats and no telemetry.
 *
 *   scripts/node.sh bench/configuration/scale.ts [--hosts 500] [--resources 10000] [--idle 1000] [--rest 60] [--profile DIR]
 */
const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "500" },
    resources: { type: "string", default: "10000" },
    idle: { type: "string", default: "1000" },
    rest: { type: "string", default: "60" },
    profile: { type: "string" },
  },
});
const [hosts, resources, idle] = [Number(values.hosts), Number(values.resources), Number(values.idle)];
const environment = "scale";

const directory = await mkdtemp("/tmp/havn-scale-");
try {
  await using postgres = await openPostgres({ dataDirectory: join(directory, "postgres") });
  const surroundings = { HAVN_POSTGRES_URL: postgres.url };
  const profile = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${values.profile}`] : [];
  // Once for the schema; hosts are recorded while it is away, as if they had been applied.
  const first = await startServer({ environment: surroundings });
  const { dataDirectory, port } = first;
  await first.end("SIGTERM");
  const names = Array.from({ length: Math.max(hosts, idle) }, (_, index) => `host-${index}`);
  const tokens = await recordHosts(names);
  await using server = await startServer({
    dataDirectory,
    port,
    environment: surroundings,
    nodeOptions: profile,
  });
  const pid = server.process.pid ?? 0;
  const { agentPort } = JSON.parse(await readFile(join(dataDirectory, "server.json"), "utf8")) as {
    agentPort: number;
  };
  console.log(`${hostname()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`);
  tell("server at rest, no agents", `${resident(pid)} MB`);

  const agents = fork(fileURLToPath(new URL("./scale-agents.ts", import.meta.url)));
  const bundles = await readdir(join(dataDirectory, "agent")).catch(() => []);
  const version = /agent-(\w+)\.mjs/.exec(bundles.join(" "))?.[1] ?? "simulated";
  const ca = await readFile(join(dataDirectory, "ca/ca.pem"), "utf8");
  const connect = async (some: Order["agents"]) => {
    const began = performance.now();
    agents.send({ port: agentPort, ca, version, agents: some } satisfies Order);
    await once(agents, "message");
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    tell(
      `${some.length} simulated agents enrolled and connected`,
      `${seconds} s, server ${resident(pid)} MB`,
    );
  };
  await connect(tokens.slice(0, hosts));
  await plans();
  await connect(tokens.slice(hosts));
  await rest();
  agents.kill();
  await once(agents, "exit");
  await server.end("SIGTERM");

  async function recordHosts(hostNames: readonly string[]): Promise<Order["agents"]> {
    const { sql } = postgres;
    const rows = hostNames.map((name) => ({
      name,
      host: `${environment}/host/${name}`,
      token: randomBytes(24).toString("base64url"),
    }));
    const now = systemClock.now();
    for (const { name, host, token } of rows) {
      const properties = { via: { kind: "ssh", address: "127.0.0.1" }, labels: {}, mode: "noop" };
      await sql`insert into fleet.host (address, environment, name, properties, created_at)
        values (${host}, ${environment}, ${name}, ${sql.json(properties)}, ${now})`;
      await sql`insert into fleet.enrolment_token (hash, host, expires_at)
        values (${createHash("sha256").update(token).digest()}, ${host}, ${now + 3_600_000})`;
    }
    return rows.map(({ host, token }) => ({ host, token }));
  }

  async function rest(): Promise<void> {
    await systemClock.sleep(5000);
    const seconds = Number(values.rest);
    const before = { server: processorSeconds(pid), database: databaseSeconds() };
    await systemClock.sleep(seconds * 1000);
    const share = (from: number, to: number) => `${(((to - from) / seconds) * 100).toFixed(1)} %`;
    tell(
      `${names.length} agents at rest, over ${seconds} s`,
      `server ${share(before.server, processorSeconds(pid))} of a core, PostgreSQL ${share(before.database, databaseSeconds())}; server ${resident(pid)} MB`,
    );
  }

  async function plans(): Promise<void> {
    const graph = { version: 1, environment, owner: "bench", resources: declared() };
    const taken: number[] = [];
    const cpuBefore = processorSeconds(pid);
    for (let time = 0; time < 5; time++) {
      const started = performance.now();
      const answer = await server.call({ method: "POST", path: "/api/v1/plans", body: { graph } });
      if (answer.status !== 200) throw new Error(answer.text.slice(0, 500));
      taken.push((performance.now() - started) / 1000);
      const { summary, diagnostics } = answer.json as Plan;
      if (time === 0) console.log(`  ${JSON.stringify(summary)}, ${diagnostics.length} diagnostics`);
    }
    const sorted = taken.toSorted((a, b) => a - b);
    tell(
      `plan of ${resources} resources on ${hosts} hosts, 5 times`,
      `median ${sorted[2]?.toFixed(2)} s (${((processorSeconds(pid) - cpuBefore) / 5).toFixed(2)} s of the server's processor time each), first ${taken[0]?.toFixed(2)} s, most ${sorted[4]?.toFixed(2)} s; server ${resident(pid)} MB, at most ${resident(pid, "VmHWM")} MB`,
    );
  }

  function declared(): Resource[] {
    const hostResources = names.slice(0, hosts).map(
      (name): Resource => ({
        ...{ address: `${environment}/host/${name}`, type: "host", name, dependsOn: [] },
        properties: { via: { kind: "ssh", address: "127.0.0.1" }, labels: {}, mode: "noop" },
      }),
    );
    const files = Array.from({ length: resources - hosts }, (_, index): Resource => {
      const host = names[index % hosts] ?? "";
      const path = `/srv/scale/file-${index}.conf`;
      return {
        ...{ address: `${environment}/file/${host}:${path}`, type: "file", name: path, host },
        dependsOn: [`${environment}/host/${host}`],
        properties: { path, content: `# ${index}\n${"setting = value\n".repeat(30)}`, mode: "0644" },
      };
    });
    return [...hostResources, ...files];
  }

  function databaseSeconds(): number {
    const parent = String(postgres.pid());
    const pids = execFileSync("pgrep", ["-P", parent], { encoding: "utf8" }).trim().split("\n").map(Number);
    return pids.reduce((total, one) => total + processorSeconds(one), 0);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** In MB. */
function resident(pid: number, what: "VmRSS" | "VmHWM" = "VmRSS"): string {
  const kilobytes = new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kilobytes) / 1024).toFixed(0);
}

function tell(what: string, figure: string): void {
  console.log(`  ${what.padEnd(50)} ${figure}  (load ${loadavg()[0]?.toFixed(1)})`);
}
