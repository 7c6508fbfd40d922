import { spawn } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Apply, EnvironmentStatus, Event, Plan } from "@havn/model";
import { until } from "@havn/testkit";
import { guard } from "./guard.ts";
import { type HttpAnswer, type HttpCall, http } from "./http.ts";
import { freePorts } from "./ports.ts";
import { removeHavn } from "./remove.ts";

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Havn as a user has it: the command line on a data directory and ports of its own. */
export interface Havn extends AsyncDisposable {
  dataDirectory: string;
  port: number;
  /** Runs `havn …`. */
  run(...args: string[]): Promise<CommandResult>;
  /** Runs `havn …` with `input` on its standard input. */
  feed(input: string, ...args: string[]): Promise<CommandResult>;
  /** Runs `havn …` and throws with what it said unless it exits with `code` (0). */
  must(args: string[], code?: number): Promise<CommandResult>;
  /** A call to the API as the administrator. Rejects while the server is away. */
  call(call: Omit<HttpCall, "port">): Promise<HttpAnswer>;
  get<T>(path: string): Promise<T>;
  /** Process id of the server; undefined while none runs. */
  serverPid(): Promise<number | undefined>;
  status(environment: string): Promise<EnvironmentStatus>;
  /** The timeline of an environment, oldest first. */
  events(environment: string, kind?: string, after?: number): Promise<Event[]>;
  /** Waits for an event of this kind after the event `after`. */
  event(
    environment: string,
    kind: string,
    options?: { after?: number; timeoutMs?: number; address?: string },
  ): Promise<Event>;
  lastEventId(environment: string): Promise<number>;
  /** Waits until an apply has ended, across restarts of the server. */
  applied(id: string, timeoutMs?: number): Promise<Apply>;
  applies(environment: string): Promise<Apply[]>;
  plan(body: unknown): Promise<Plan>;
}

const commandLine = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** At the end of `await using` nothing is left of it, whatever state it is in. */
export async function openHavn(
  name: string,
  options: { dataDirectory?: string; port?: number } = {},
): Promise<Havn> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(`/tmp/havn-${name}-`));
  const port = options.port ?? (await freePorts());
  const release = guard(dataDirectory);
  const run: Havn["run"] = (...args) => runCommand({ args, dataDirectory, port });
  const feed: Havn["feed"] = (input, ...args) => runCommand({ args, dataDirectory, port, input });
  const call: Havn["call"] = async (given) => {
    const token = (await readFile(join(dataDirectory, "cli-token"), "utf8")).trim();
    return http({ token, ...given, port });
  };
  const get = async <T>(path: string): Promise<T> => {
    const answer = await call({ path });
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return answer.json as T;
  };
  const events: Havn["events"] = async (environment, kind, after = 0) => {
    const query = `environment=${environment}&limit=1000&after=${after}${kind ? `&kind=${kind}` : ""}`;
    const { events: found } = await get<{ events: Event[] }>(`/api/v1/events?${query}`);
    return found.toSorted((a, b) => a.id - b.id);
  };
  return {
    ...{ dataDirectory, port, run, feed, call, get, events },
    async must(args, code = 0) {
      const result = await run(...args);
      if (result.code !== code)
        throw new Error(
          `havn ${args.join(" ")} ended with ${result.code}, not ${code}:\n${result.stdout}\n${result.stderr}`,
        );
      return result;
    },
    async serverPid() {
      try {
        return (JSON.parse(await readFile(join(dataDirectory, "server.json"), "utf8")) as { pid: number })
          .pid;
      } catch {
        return undefined;
      }
    },
    status: (environment) => get(`/api/v1/environments/${environment}/status`),
    event: (environment, kind, { after = 0, timeoutMs = 240_000, address } = {}) =>
      until(
        async () =>
          (await events(environment, kind, after)).find(
            (event) => address === undefined || event.address === address,
          ),
        { what: `${kind} in ${environment}`, timeoutMs, intervalMs: 20 },
      ),
    lastEventId: async (environment) => (await events(environment)).at(-1)?.id ?? 0,
    applied: (id, timeoutMs = 120_000) =>
      until(
        async () => {
          const apply = await get<Apply>(`/api/v1/applies/${id}`);
          return apply.state === "running" ? undefined : apply;
        },
        { what: `the end of ${id}`, timeoutMs, intervalMs: 100 },
      ),
    applies: async (environment) =>
      (await get<{ applies: Apply[] }>(`/api/v1/applies?environment=${environment}`)).applies,
    async plan(body) {
      const answer = await call({ method: "POST", path: "/api/v1/plans", body });
      if (answer.status !== 200) throw new Error(`plan: ${answer.status} ${answer.text}`);
      return answer.json as Plan;
    },
    async [Symbol.asyncDispose]() {
      await removeHavn(dataDirectory);
      release();
    },
  };
}

function runCommand(options: {
  args: string[];
  dataDirectory: string;
  port: number;
  /** Absent: standard input is empty. */
  input?: string;
}): Promise<CommandResult> {
  const { args, dataDirectory, port, input } = options;
  const began = performance.now();
  // All else as the tests' own: what a build needs (npm's registry, a proxy) stands there.
  const { HAVN_URL: _url, HAVN_TOKEN: _token, NODE_OPTIONS: _options, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [commandLine, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      cwd: "/",
      env: {
        ...inherited,
        HAVN_DATA: dataDirectory,
        HAVN_PORT: String(port),
        NO_COLOR: "1",
        HAVN_CONFIG_TIMEOUT: "60s",
      },
    });
    // It may end before it has read all, or any of it.
    child.stdin.on("error", () => undefined).end(input ?? "");
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout, stderr, seconds: (performance.now() - began) / 1000 }),
    );
  });
}
