import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { HavnError } from "@havn/model";
import type { CommandResult } from "../resources/type.ts";

const largestOutput = 4 * 1024 * 1024;
const longestRun = 15 * 60_000;

/** What a command sees: nothing of the agent's own environment, texts in a language that can be parsed. */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  DEBIAN_FRONTEND: "noninteractive",
};

export interface CommandOptions {
  stdin?: string | undefined;
  /** Runs as this user, with this user's groups. */
  user?: string | undefined;
  cwd?: string | undefined;
  /** Beside the variables that every command gets. */
  env?: Readonly<Record<string, string>> | undefined;
  /** After it the command and all that it started are killed. */
  timeoutMs?: number | undefined;
}

/** Runs a command without a shell. Resolves with its exit code, whatever it is; throws where it is not installed. */
export function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { stdin = "", user, cwd = "/", env, timeoutMs = longestRun } = options;
  const [name = "", ...words] = user === undefined ? command : ["runuser", "-u", user, "--", ...command];
  return new Promise((resolve, reject) => {
    // A group of its own: what it started goes with it when its time is up.
    const child = spawn(name, words, { env: { ...environment, ...env }, cwd, detached: true });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutMs);
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        if (output[stream].length < largestOutput) output[stream] += text;
      });
    child.on("error", (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(cause.code === "ENOENT" ? notFound(name, cwd) : cause);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const ended = timedOut
        ? `was stopped after ${timeoutMs / 1000} s\n`
        : signal
          ? `ended by ${signal}\n`
          : "";
      resolve({ stdout: output.stdout, stderr: output.stderr + ended, code: code ?? 1 });
    });
    // A command that does not read its input to the end has its reasons: its exit code tells.
    child.stdin.on("error", () => {}).end(stdin);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself just now.
  }
}

const notFound = (name: string, cwd: string) =>
  existsSync(cwd)
    ? new HavnError(`${name} is not installed here`, {
        detail: "Resources of this type need it. Install it, or declare them on another host.",
      })
    : new HavnError(`${cwd} is not there`, {
        detail: `${name} was to run in it. Declare the directory and depend on it.`,
      });

/** Runs a command that must succeed. The error holds the last lines that it wrote. */
export async function mustRun(
  command: readonly string[],
  options: CommandOptions & { exitCodes?: readonly number[] } = {},
): Promise<CommandResult> {
  const result = await runCommand(command, options);
  if ((options.exitCodes ?? [0]).includes(result.code)) return result;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-12).join("\n");
  throw new HavnError(`${command.join(" ")} failed with exit code ${result.code}`, { detail: said });
}
