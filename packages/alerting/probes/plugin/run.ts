import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

export interface Ran {
  /** Undefined where a signal ended it. */
  code: number | undefined;
  signal: string | undefined;
  output: string;
  error: string;
  /** It wrote more than is kept. */
  cut: boolean;
  /** Why it could not be begun. */
  failure: string | undefined;
}

/** As much of each stream as is kept; what is beyond is read and thrown away, so that a program is not held up. */
const longest = 256 * 1024;
/** A program that writes on and on would keep a core busy: beyond this it is ended. */
const mostRead = 512 * 1024 * 1024;

const plainEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

/**
 * Runs a program in a process group of its own; when `signal` aborts, or the program itself has ended, all that is left
 * of the group is killed. Does not throw for what the program does.
 */
export async function runProgram(
  words: readonly string[],
  options: { signal: AbortSignal; env?: Record<string, string> | undefined; user?: string | undefined },
): Promise<Ran> {
  const [program = "", ...rest] = words;
  let ids: { uid: number; gid: number } | undefined;
  try {
    ids = await idsOf(options.user);
  } catch (cause) {
    return {
      code: undefined,
      signal: undefined,
      output: "",
      error: "",
      cut: false,
      failure: (cause as Error).message,
    };
  }
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      ...{ cwd: "/", detached: true, stdio: ["ignore", "pipe", "pipe"], ...ids },
      env: { ...plainEnvironment, ...options.env },
    });
    const out = keep();
    const error = keep();
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // Nothing of it is left.
      }
    };
    const stop = () => {
      killGroup();
      // A process that left the group may hold the pipes open; nobody waits for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const read = (kept: ReturnType<typeof keep>) => (chunk: Buffer) => {
      kept.add(chunk);
      if (out.size() + error.size() > mostRead) stop();
    };
    child.stdout.on("data", read(out));
    child.stderr.on("data", read(error));
    if (options.signal.aborted) stop();
    options.signal.addEventListener("abort", stop, { once: true });
    let failure: string | undefined;
    child.once("error", (cause: NodeJS.ErrnoException) => {
      failure = cause.code === "ENOENT" ? `there is no program ${program}` : cause.message;
      // Where nothing was begun there is no "close".
      if (child.pid === undefined) end(undefined, undefined);
    });
    child.once("exit", () => setTimeout(stop, afterExitMs).unref());
    child.once("close", (code, signal) => end(code ?? undefined, signal ?? undefined));
    const end = (code: number | undefined, signal: string | undefined) => {
      options.signal.removeEventListener("abort", stop);
      killGroup();
      resolve({
        code,
        signal,
        output: out.text(),
        error: error.text(),
        cut: out.isCut() || error.isCut(),
        failure,
      });
    };
  });
}

/** What a program left behind may still write for so long. */
const afterExitMs = 200;

function keep() {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk: Buffer) {
      if (size < longest) chunks.push(chunk.subarray(0, longest - size));
      size += chunk.length;
    },
    size: () => size,
    isCut: () => size > longest,
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

/** As whom a program runs: as we do where we are nobody special, as "nobody" where we are root and nothing else is said. */
async function idsOf(user: string | undefined): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) {
    if (user === undefined) return undefined;
    throw new Error(`only root may run it as ${user}`);
  }
  const name = user ?? "nobody";
  if (name === "root") return undefined;
  const users = await readFile("/etc/passwd", "utf8");
  const fields = users
    .split("\n")
    .map((line) => line.split(":"))
    .find(([first]) => first === name);
  if (!fields) throw new Error(`there is no user ${name} here`);
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}
