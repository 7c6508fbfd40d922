/** What metrics-queries.ts asks: Havn, Debian's Prometheus and Debian's VictoriaMetrics, each over a directory that stays. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@havn/testkit";

export interface Peer extends AsyncDisposable {
  name: string;
  headers: Record<string, string>;
  /** Of the process that runs now. */
  write(): string;
  query(): string;
  pids(): number[];
  /** What was sent before is there for who asks. */
  settled(): Promise<unknown>;
  /** Over the same data; resolves when it answers. */
  restart(): Promise<void>;
}

/** Over what they stored in `directory` before. */
export async function openPeers(directory: string): Promise<Peer[]> {
  return [await openHavn(directory), await openPrometheus(directory), await openVictoria(directory)];
}

/** Nobody else ends them where this process is ended from outside. */
function endsWithUs(child: ChildProcess): ChildProcess {
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  return child;
}

async function openHavn(directory: string): Promise<Peer> {
  const entry = fileURLToPath(new URL("../../metrics-queries-server.ts", import.meta.url));
  const own = join(directory, "havn");
  await mkdir(own, { recursive: true });
  const start = async () => {
    const child = endsWithUs(
      spawn(process.execPath, [...process.execArgv, entry, own], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      }),
    );
    const [{ url, pids }] = (await once(child, "message")) as [{ url: string; pids: number[] }];
    return { child, url, pids };
  };
  let running = await start();
  const stop = async () => {
    const ended = once(running.child, "exit");
    running.child.send("stop");
    await ended;
  };
  return {
    name: "Havn",
    headers: { authorization: "Bearer bench" },
    write: () => `${running.url}/api/v1/write`,
    query: () => `${running.url}/prometheus/api/v1/query_range`,
    pids: () => running.pids,
    async settled() {
      running.child.send("flush");
      await once(running.child, "message");
    },
    async restart() {
      await stop();
      running = await start();
    },
    [Symbol.asyncDispose]: stop,
  };
}

const openPrometheus = (directory: string) =>
  openProgram({
    name: "Prometheus",
    command: "prometheus",
    directory: join(directory, "prometheus"),
    flags: (own, port) => [
      ...[`--config.file=${own}/prometheus.yml`, `--storage.tsdb.path=${own}/data`],
      ...[`--web.listen-address=127.0.0.1:${port}`, "--log.level=error"],
      ...["--web.enable-remote-write-receiver", "--query.max-samples=1000000000"],
      ...["--query.timeout=10m", "--storage.tsdb.retention.time=100y"],
    ],
    ready: "/-/ready",
    settle: undefined,
  });

const openVictoria = (directory: string) =>
  openProgram({
    name: "VictoriaMetrics",
    command: "victoria-metrics",
    directory: join(directory, "victoria"),
    flags: (own, port) => [
      ...[`-storageDataPath=${own}/data`, `-httpListenAddr=127.0.0.1:${port}`, "-loggerLevel=ERROR"],
      ...["-search.maxUniqueTimeseries=1000000", "-search.maxSamplesPerQuery=1000000000"],
      ...["-search.maxQueryDuration=10m", "-retentionPeriod=100y"],
    ],
    ready: "/health",
    // It shows what it was sent after a second or two, or at once where it is asked to.
    settle: "/internal/force_flush",
  });

interface Program {
  name: string;
  command: string;
  directory: string;
  flags(directory: string, port: number): string[];
  ready: string;
  settle: string | undefined;
}

async function openProgram({ name, command, directory, flags, ready, settle }: Program): Promise<Peer> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "prometheus.yml"), "");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    const child = endsWithUs(spawn(command, flags(directory, port), { stdio: "ignore" }));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${command} ended at its start`);
      const answers = await fetch(url + ready).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return child;
      await sleep(20);
    }
  };
  let child = await start();
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return {
    ...{ name, headers: {} },
    write: () => `${url}/api/v1/write`,
    query: () => `${url}/api/v1/query_range`,
    pids: () => [child.pid ?? 0],
    settled: async () => settle && (await fetch(url + settle)),
    async restart() {
      await stop();
      child = await start();
    },
    [Symbol.asyncDispose]: stop,
  };
}
