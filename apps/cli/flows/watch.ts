import { setTimeout as sleep } from "node:timers/promises";
import { patiently } from "../api/patience.ts";
import type { Io } from "../kit/io.ts";

/** Shows `render` again every second until `signal` aborts, over itself on a terminal. */
export async function watch(render: () => Promise<string>, io: Io, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const text = await patiently(render, { signal, patienceMs: 600_000 });
    io.out(io.live ? `\u001b[2J\u001b[H${text}` : text);
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
}
