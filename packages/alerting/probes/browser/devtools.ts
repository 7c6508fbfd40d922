import { spawn } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** Chromium's own protocol over two pipes: no port that others could talk to. */
export interface Browser {
  /** Throws what the browser refuses, and when it has ended. */
  send(method: string, params?: object, session?: string): Promise<Record<string, unknown>>;
  onEvent(listener: (event: { method: string; params: Record<string, unknown> }) => void): void;
  close(): Promise<void>;
}

const nobody = 65_534;
const flags = [
  ...["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check"],
  ...["--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking"],
  ...[
    "--disable-sync",
    "--mute-audio",
    "--password-store=basic",
    "--hide-scrollbars",
    "--window-size=1280,900",
  ],
];

export async function openBrowser(options: {
  program: string;
  insecure: boolean;
  signal: AbortSignal;
}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "havn-browser-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(profile, nobody, nobody);
  // Its sandbox needs rights that a service seldom has; it has none of our rights instead.
  const further = ["--no-sandbox", ...(options.insecure ? ["--ignore-certificate-errors"] : [])];
  const child = spawn(options.program, [...flags, ...further, `--user-data-dir=${profile}`, "about:blank"], {
    ...{ cwd: profile, detached: true, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    env: { PATH: "/usr/bin:/bin", HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    ...(isRoot && { uid: nobody, gid: nobody }),
  });
  const waiting = new Map<
    number,
    { resolve(value: Record<string, unknown>): void; reject(cause: Error): void }
  >();
  const listeners = new Set<Parameters<Browser["onEvent"]>[0]>();
  let ended: Error | undefined;
  const end = (cause: Error) => {
    ended ??= cause;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      end(new Error("the browser has ended"));
      resolve();
    });
    child.once("error", (cause) => {
      end(new Error(`the browser cannot be started: ${cause.message}`));
      resolve();
    });
  });
  const kill = () => {
    end(new Error("no answer within the timeout"));
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  };
  if (options.signal.aborted) kill();
  options.signal.addEventListener("abort", kill, { once: true });
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  input.on("error", () => {});
  output.on("error", () => {});
  readMessages(output, (message) => {
    const { id, error, result, method, params } = message;
    if (typeof id === "number") {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error) asked?.reject(new Error((error as { message: string }).message));
      else asked?.resolve((result ?? {}) as Record<string, unknown>);
    } else if (typeof method === "string")
      for (const listener of listeners)
        listener({ method, params: (params ?? {}) as Record<string, unknown> });
  });
  let last = 0;
  return {
    send(method, params = {}, session) {
      if (ended) return Promise.reject(ended);
      const id = ++last;
      const text = JSON.stringify({
        id,
        method,
        params,
        ...(session !== undefined && { sessionId: session }),
      });
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        input.write(`${text}\0`);
      });
    },
    onEvent: (listener) => void listeners.add(listener),
    async close() {
      options.signal.removeEventListener("abort", kill);
      kill();
      await gone;
      // Its helpers may still write for a moment.
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

const longestMessage = 64 * 1024 * 1024;

function readMessages(output: Readable, take: (message: Record<string, unknown>) => void): void {
  let held: Buffer[] = [];
  let size = 0;
  output.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      take(JSON.parse(Buffer.concat([...held, rest.subarray(0, end)]).toString("utf8")));
      held = [];
      size = 0;
      rest = rest.subarray(end + 1);
    }
    held.push(rest);
    size += rest.length;
    if (size > longestMessage) output.destroy();
  });
}
