import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { mark } from "./leftovers.ts";

export interface Ran {
  /** Undefined where a signal ended it. */
  code: number | undefined;
  signal: string | undefined;
  output: string;
  error: string;
  /** It wrote more than is kept. */
  cut: boolean;
  /** It was ended because it wrote on and on. */
  endless: boolean;
  /** Processes that it had begun and that did not end with it: they were ended. */
  left: number;
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
 * of the group is killed, and what left the group by its mark. Does not throw for what the program does.
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
      ...{ code: undefined, signal: undefined, output: "", error: "", cut: false, endless: false, left: 0 },
      failure: (cause as Error).message,
    };
  }
  const own = mark();
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      ...{ cwd: "/", detached: true, stdio: ["ignore", "pipe", "pipe"], ...ids },
      env: { ...plainEnvironment, ...options.env, ...own.env },
    });
    const out = keep();
    const error = keep();
    let endless = false;
    let isHeldUp = false;
    /** False: nothing of it is left. */
    const killGroup = (): boolean => {
      try {
        return child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
      } catch {
        return false;
      }
    };
    const stop = () => {
      isHeldUp = true;
      killGroup();
      // A process that left the group may hold the pipes open; nobody waits for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const read = (kept: ReturnType<typeof keep>) => (chunk: Buffer) => {
      kept.add(chunk);
      if (out.size() + error.size() <= mostRead) return;
      endless = true;
      stop();
    };
    child.stdout.on("data", read(out));
    child.stderr.on("data", read(error));
    if (options.signal.aborted) stop();
    options.signal.addEventListener("abort", stop, { once: true });
    let failure: string | undefined;
    child.once("error", (cause: NodeJS.ErrnoException) => {
      failure = cause.code === "ENOENT" ? `there is no program ${program}` : cause.message;
      // Where nothing was begun there is no "close".
      if (child.pid === undefined) void end(undefined, undefined);
    });
    let waiting: NodeJS.Timeout | undefined;
    child.once("exit", () => {
      waiting = setTimeout(stop, afterExitMs).unref();
    });
    child.once("close", (code, signal) => void end(code ?? undefined, signal ?? undefined));
    const end = async (code: number | undefined, signal: string | undefined) => {
      options.signal.removeEventListener("abort", stop);
      clearTimeout(waiting);
      const isGroupLeft = killGroup();
      // To look through all processes each time would cost: only where something did not end as it should.
      const left = isHeldUp || isGroupLeft ? await own.end() : 0;
      own.release();
      resolve({
        code,
        signal,
        output: out.text(),
        error: error.text(),
        ...{ cut: out.isCut() || error.isCut(), endless, left: Math.max(left, Number(isGroupLeft)), failure },
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
