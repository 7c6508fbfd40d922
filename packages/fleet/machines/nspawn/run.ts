import { spawn } from "node:child_process";
import { HavnError } from "@havn/model";

export interface RunOptions {
  input?: string;
  /** Called with each line of stdout and stderr as it appears. */
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
  environment?: Record<string, string>;
}

/** Runs a command to its end and returns its stdout. Throws a HavnError with the last lines it wrote when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C", ...options.environment },
      ...(options.signal && { signal: options.signal, killSignal: "SIGKILL" }),
    });
    let stdout = "";
    const said: string[] = [];
    const listen = (stream: NodeJS.ReadableStream, keep: (text: string) => void) => {
      let rest = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        keep(chunk);
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          said.push(line);
          if (said.length > 12) said.shift();
          options.onLine?.(line);
        }
      });
      stream.on("end", () => rest && said.push(rest));
    };
    listen(child.stdout, (chunk) => {
      stdout += chunk;
    });
    listen(child.stderr, () => {});
    child.stdin.on("error", () => {}); // a command that does not read its input is no failure
    child.stdin.end(options.input ?? "");
    let aborted: unknown;
    child.on("error", (cause) => {
      if (child.pid === undefined) reject(new HavnError(`Could not run ${command}`, { cause }));
      aborted = cause;
    });
    // Not "exit": an aborted command has ended only when everything that it started has, too.
    child.on("close", (code, signal) => {
      if (aborted) return reject(aborted);
      if (code === 0) return resolve(stdout);
      const how = signal ? `was ended by ${signal}` : `failed with exit status ${code}`;
      reject(
        new HavnError(`${[command, ...args].join(" ").slice(0, 200)} ${how}`, { detail: said.join("\n") }),
      );
    });
  });
}

/** As `run`, but false instead of an error. */
export async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
