import { spawn } from "node:child_process";
import type { Send } from "../notifier.ts";

/** Runs a program beside the control plane: the message as JSON on its standard input, exit code 0 is accepted. */
export const send: Send<{ command: readonly string[] }> = ({ command }, message, signal) =>
  new Promise((resolve, reject) => {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      signal,
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: process.env.PATH, HAVN_MESSAGE_ID: message.id, HAVN_SUBJECT: message.subject },
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(0, 500);
    });
    // It may end without reading what it is told.
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(message));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve("exit code 0") : reject(new Error(`exit code ${code}: ${errors.trim()}`)),
    );
  });
