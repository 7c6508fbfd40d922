import { spawn } from "node:child_process";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { refuseRemote } from "../../flows/local.ts";
import { defineCommand } from "../../kit/command.ts";
import { checkCanStart } from "../../server/preflight.ts";
import { findServer } from "../../server/record.ts";
import { checkout } from "../../version.ts";

export const command = defineCommand({
  name: "server run",
  summary: "run Havn in the foreground, for systemd or a container",
  group: "Server",
  access: [],
  examples: [["havn server run --data /var/lib/havn", "ends with Ctrl-C or SIGTERM"]],
  async run({ globals, signal }) {
    refuseRemote(globals, "server run");
    const { dataDirectory, port, environment } = globals;
    const running = findServer(dataDirectory);
    if (running)
      throw new HavnError(`Havn runs on ${dataDirectory} already, as process ${running.pid}`, {
        detail: "Stop it with `havn server stop`, or choose another directory with --data DIR.",
      });
    await checkCanStart(dataDirectory, port);
    const child = spawn(
      process.execPath,
      ["--max-semi-space-size=4", join(checkout, "apps/server/main.ts")],
      {
        stdio: "inherit",
        env: { MALLOC_ARENA_MAX: "2", ...environment, HAVN_DATA: dataDirectory, HAVN_PORT: String(port) },
      },
    );
    const pass = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", pass, { once: true });
    return new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 1));
    });
  },
});
