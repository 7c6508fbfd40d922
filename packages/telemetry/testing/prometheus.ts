import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@havn/testkit";

export interface RealPrometheus extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly directory: string;
  /** The `data` of an answer of its HTTP API. */
  get<T>(path: string): Promise<T>;
}

/** Debian's Prometheus on a free port of loopback, with a data directory of its own. `config` gets the port. */
export async function startPrometheus(
  config: (port: number) => string,
  ...flags: string[]
): Promise<RealPrometheus> {
  const directory = await mkdtemp("/tmp/havn-prometheus-");
  const port = await freePort();
  await writeFile(join(directory, "prometheus.yml"), config(port), { mode: 0o600 });
  const child = spawn(
    "prometheus",
    [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
      ...flags,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(`${url}/-/ready`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ url, pid: child.pid ?? 0, directory },
    async get<T>(path: string) {
      const response = await fetch(url + path);
      const { data } = (await response.json()) as { data: T };
      return data;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  let failed: unknown;
  child.once("error", (error) => {
    failed = error;
  });
  for (const limit = Date.now() + 120_000; Date.now() < limit; ) {
    if (failed) throw failed;
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("prometheus did not become ready");
}
