import { randomBytes } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";

/**
 * Programs carry a mark in their environment, which their children inherit: those that leave the process group (a
 * daemon does) are found by it. Who clears its environment is not found.
 */
const variable = "HAVN_CHECK_RUN";
const owner = `${process.pid}-${randomBytes(6).toString("hex")}`;
const sweepMs = 60_000;

const active = new Set<string>();
let runs = 0;
let isSwept = false;

/** A mark for one run of a program. */
export interface Mark {
  env: Record<string, string>;
  /** Ends what carries it, however often it begins others meanwhile. How many there were. */
  end(): Promise<number>;
  /** The program has ended: what still carries the mark is ended within a minute. */
  release(): void;
}

export function mark(): Mark {
  const id = `${owner}.${++runs}`;
  active.add(id);
  if (!isSwept) setInterval(() => void sweep(), sweepMs).unref();
  isSwept = true;
  return {
    env: { [variable]: id },
    async end() {
      const ended = new Set<number>();
      // Each round finds what was begun during the one before; a fork bomb loses as none of its processes lives long.
      for (let round = 0; round < 20; round++) {
        const found = (await marked()).filter((one) => one.id === id);
        if (found.length === 0) break;
        for (const { pid } of found) if (kill(pid)) ended.add(pid);
      }
      return ended.size;
    },
    release: () => active.delete(id),
  };
}

/** Ends what ended programs of this process left behind, and of earlier processes that were ended themselves. */
export async function sweep(): Promise<void> {
  for (const { pid, id } of await marked()) {
    const [of = ""] = id.split(".");
    const isLeft = of === owner ? !active.has(id) : !(await isAlive(Number(of.split("-")[0]), pid));
    if (isLeft) kill(pid);
  }
}

async function marked(): Promise<{ pid: number; id: string }[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      const [, id] = new RegExp(`(?:^|\0)${variable}=([^\0]*)`).exec(environment) ?? [];
      return id === undefined ? [] : [{ pid: Number(pid), id }];
    }),
  );
  return found.flat();
}

/** Whether who began it is there still. In another container process ids mean others: what is there is let be. */
async function isAlive(pid: number, child: number): Promise<boolean> {
  const space = (of: number | "self") => readlink(`/proc/${of}/ns/pid`).catch(() => "");
  if ((await space(child)) !== (await space("self"))) return true;
  return (await space(pid)) !== "";
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
