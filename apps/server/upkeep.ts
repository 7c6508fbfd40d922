import { statfs } from "node:fs/promises";
import { type Clock, repeat } from "@havn/model";

export interface Task {
  /** For the log: what is not done when it fails. */
  what: string;
  everyMs: number;
  /** Done again after a fall of the server, so it must bear being cut short. */
  work(): Promise<void>;
}

/** Does each task at once, and again as long after its last end as it says, until it is disposed of. */
export function startUpkeep(
  tasks: readonly Task[],
  { clock, log }: { clock: Clock; log(message: string): void },
): AsyncDisposable {
  const stopping = new AbortController();
  const loops = tasks.map(({ what, everyMs, work }) => {
    let trouble = "";
    const once = async () => {
      try {
        await work();
        trouble = "";
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        if (message !== trouble) log(`${what}: not done, tried again in ${everyMs / 1000} s: ${message}`);
        trouble = message;
      }
    };
    return repeat(once, { clock, interval: everyMs, signal: stopping.signal });
  });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** With less, PostgreSQL and ClickHouse are about to take no more writes. */
const leastFreeMiB = 256;

/** Whether the disk of a folder has room, for /readyz. */
export async function readDisk(directory: string): Promise<{ ok: boolean; detail: string }> {
  const { bavail, bsize } = await statfs(directory);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  return free >= leastFreeMiB
    ? { ok: true, detail: `${free} MiB free` }
    : { ok: false, detail: `only ${free} MiB free of the ${leastFreeMiB} that are needed` };
}
