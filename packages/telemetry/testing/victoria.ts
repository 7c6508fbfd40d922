import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { freePort, until } from "@havn/testkit";

/** Debian's VictoriaMetrics on a free port of loopback, with a data directory of its own. */
export async function startVictoria(): Promise<AsyncDisposable & { url: string }> {
  const directory = await mkdtemp("/tmp/havn-victoria-");
  const port = await freePort();
  const flags = [
    `-storageDataPath=${directory}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=100y",
  ];
  const child = spawn("victoria-metrics", [...flags, "-loggerLevel=ERROR", "-search.latencyOffset=0s"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(
      () =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        ),
      {
        what: "VictoriaMetrics",
        timeoutMs: 120_000,
      },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}
