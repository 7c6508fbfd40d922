import { open, stat, truncate } from "node:fs/promises";
import type { Clock } from "@havn/model";

const chunkSize = 256 * 1024;
const longestLine = 64 * 1024;

/**
 * Follows a file that a process appends to, line by line, from `offset`. The process opened it for appending, so the
 * file may be cut to nothing once it is read and larger than `cutAt`: the next write starts at its new end. (A line
 * written between the last read and the cut is lost; it is the price of a file that needs no one to reopen it.)
 */
export function followOutput(options: {
  path: string;
  offset: number;
  clock: Clock;
  interval: number;
  cutAt: number;
  onLine(line: string, time: number): void;
}): Following {
  const { path, clock, interval, cutAt, onLine } = options;
  const stopping = new AbortController();
  let offset = options.offset;
  let rest: Buffer = Buffer.alloc(0);
  let reading: Promise<void> = Promise.resolve();

  const readOn = async () => {
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (size < offset) offset = 0;
    if (size === offset) return;
    await using file = await open(path, "r");
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkSize), 0, chunkSize, offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
      take(buffer.subarray(0, bytesRead));
    }
    if (offset > cutAt) {
      await truncate(path, 0);
      offset = 0;
    }
  };
  const take = (bytes: Buffer) => {
    const time = clock.now();
    let text = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10)) {
      onLine(text.toString("utf8", 0, end), time);
      text = text.subarray(end + 1);
    }
    if (text.length > longestLine) {
      onLine(text.toString("utf8"), time);
      text = Buffer.alloc(0);
    }
    rest = Buffer.from(text);
  };
  const readNow = () => {
    reading = reading.then(readOn).catch(() => {
      // The file went away under us: there is nothing more to read.
    });
    return reading;
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await readNow();
      await clock.sleep(interval, stopping.signal);
    }
  })();
  return {
    offset: () => offset - rest.length,
    readNow,
    async stop() {
      stopping.abort();
      await loop;
      await readNow();
    },
  };
}

export interface Following {
  /** Up to where whole lines were handed on. */
  offset(): number;
  readNow(): Promise<void>;
  stop(): Promise<void>;
}

/** The last lines of a file, oldest first. */
export async function lastLinesOf(path: string, count: number): Promise<string[]> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return [];
  await using _ = file;
  const { size } = await file.stat();
  const length = Math.min(size, chunkSize);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const lines = buffer.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.slice(-count);
}
