import { spawn } from "node:child_process";
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

/** Runs a command without a shell. Resolves with its exit code, whatever it is; throws where it is not installed. */
export function runCommand(
  command: readonly string[],
  options: { stdin?: string } = {},
): Promise<CommandResult> {
  const [name = "", ...words] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(name, words, {
      env: environment,
      cwd: "/",
      timeout: longestRun,
      killSignal: "SIGKILL",
    });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        if (output[stream].length < largestOutput) output[stream] += text;
      });
    child.on("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "ENOENT"
          ? new HavnError(`${name} is not installed here`, {
              detail: "Resources of this type need it. Install it, or declare them on another host.",
            })
          : cause,
      ),
    );
    child.on("close", (code, signal) =>
      resolve({
        ...output,
        code: code ?? 1,
        ...(signal && { stderr: `${output.stderr}ended by ${signal}\n` }),
      }),
    );
    // A command that does not read its input to the end has its reasons: its exit code tells.
    child.stdin.on("error", () => {}).end(options.stdin ?? "");
  });
}

/** Runs a command that must succeed. The error holds the last lines that it wrote. */
export async function mustRun(
  command: readonly string[],
  options: { stdin?: string } = {},
): Promise<CommandResult> {
  const result = await runCommand(command, options);
  if (result.code === 0) return result;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-12).join("\n");
  throw new HavnError(`${command.join(" ")} failed with exit code ${result.code}`, { detail: said });
}
