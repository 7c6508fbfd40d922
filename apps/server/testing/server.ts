import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "@havn/testkit";
import { guard } from "./guard.ts";
import { type HttpAnswer, type HttpCall, http } from "./http.ts";
import { freePorts } from "./ports.ts";
import { removeHavn } from "./remove.ts";

export interface ServerOptions {
  dataDirectory?: string;
  port?: number;
  /** Flags of Node, before the program. */
  nodeOptions?: string[];
  environment?: Record<string, string>;
}

/** A control plane as a process, without a supervisor: nobody starts it again. */
export interface ServerProcess extends AsyncDisposable {
  dataDirectory: string;
  port: number;
  process: ChildProcess;
  /** The administrator's token. */
  token: string;
  /** What it has written so far. */
  output(): string;
  /** A call to the API, as the administrator unless `token` is given (undefined: as nobody). */
  call(call: Omit<HttpCall, "port">): Promise<HttpAnswer>;
  createToken(role: "viewer" | "operator" | "admin"): Promise<string>;
  /** Sends the signal; resolves to its exit code once it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Starts the program and does not wait. */
export function spawnServer(
  options: Required<Pick<ServerOptions, "dataDirectory" | "port">> & ServerOptions,
) {
  const { PATH = "", HOME = "/" } = process.env;
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...{ PATH, HOME, HAVN_DATA: options.dataDirectory, HAVN_PORT: String(options.port) },
      ...options.environment,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return { child, output: () => output };
}

/** Starts a control plane and waits until it is ready. At the end of `await using` nothing of it is left. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp("/tmp/havn-server-"));
  const port = options.port ?? (await freePorts());
  const release = guard(dataDirectory);
  const { child, output } = spawnServer({ ...options, dataDirectory, port });
  const dispose = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await removeHavn(dataDirectory);
    release();
  };
  try {
    await until(
      async () => {
        if (child.exitCode !== null) return true;
        return (await http({ port, path: "/readyz" })).status === 200;
      },
      { what: "the server to be ready", timeoutMs: 120_000, intervalMs: 50 },
    );
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}: ${output()}`);
    const token = (await readFile(join(dataDirectory, "cli-token"), "utf8")).trim();
    const call: ServerProcess["call"] = (given) => http({ token, ...given, port });
    return {
      ...{ dataDirectory, port, process: child, token, output, call },
      async createToken(role) {
        const body = { role, name: `test ${role}` };
        const { json } = await call({ method: "POST", path: "/api/v1/tokens", body });
        return (json as { token: string }).token;
      },
      async end(signal) {
        const ended = once(child, "exit");
        child.kill(signal);
        return (await ended)[0] as number | null;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
