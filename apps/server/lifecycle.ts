import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";

/** Tells the command line where this server listens: `server.json` in the data folder, gone again at the end. */
export async function writeServerRecord(
  dataDirectory: string,
  ports: { port: number; agentPort: number },
): Promise<AsyncDisposable> {
  const file = join(dataDirectory, "server.json");
  const supervisor = Number(process.env["HAVN_SUPERVISOR_PID"]);
  const record = {
    pid: process.pid,
    ...(supervisor > 0 ? { supervisorPid: supervisor } : {}),
    ...ports,
    startedAt: Date.now(),
    version: "0.1.0",
  };
  await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/**
 * Resolves with the first of these signals. Later ones change nothing: whoever stops a server may tell it and its
 * supervisor, which passes it on, and the second must not cut the end short.
 */
export function untilSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of signals) process.on(signal, () => resolve(signal));
  return promise;
}

/** One JSON line of the server's log. */
export function log(message: string, severity: "info" | "error" = "info"): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), severity, message })}\n`);
}

/** Nothing is known to be whole after an unforeseen failure: end, and let the supervisor start anew. */
export function endWithReason(error: unknown): never {
  const text =
    error instanceof HavnError
      ? `${error.message}. ${error.detail}`
      : String((error as Error)?.stack ?? error);
  log(text, "error");
  process.exit(1);
}

/** Work that goes on until it is disposed of. */
export function running(work: (signal: AbortSignal) => Promise<void>): AsyncDisposable {
  const stopping = new AbortController();
  const done = work(stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await done;
    },
  };
}
