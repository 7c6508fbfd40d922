import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { HavnError, systemClock } from "@havn/model";

/**
 * Runs `work` while no other process on this computer holds the lock of that name. The lock is a socket in Linux'
 * abstract namespace: the kernel releases it when its holder dies, however it dies, and it leaves no file behind.
 */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; onWait?: () => void } = {},
): Promise<T> {
  // A socket's name may have 107 bytes; a folder's may have more.
  const path = `\0havn/${createHash("sha256").update(name).digest("hex")}`;
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const release = await claim(path);
    if (release) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!told) options.onWait?.();
    told = true;
    await holderGone(path);
  }
}

function claim(path: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy(): void }>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new HavnError(`Could not take a lock of this computer`, { cause: error }));
    });
    server.listen(path, () => {
      resolve(async () => {
        const closed = new Promise<void>((done) => server.close(() => done()));
        for (const socket of waiting) socket.destroy();
        await closed;
      });
    });
  });
}

/** Resolves when the holder's connection ends; never later than a second, so that nobody waits on a missed end. */
async function holderGone(path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(), 1000);
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  await systemClock.sleep(2 + Math.random() * 8);
}
