import { mkdirSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, HavnError } from "@havn/model";
import { markResent } from "../protocols/agent/envelope.ts";

export type BatchKind = "samples" | "logs";
export type Push = (kind: BatchKind, batch: string, rows: number, bytes: Uint8Array) => Promise<void>;

interface Entry {
  kind: BatchKind;
  /** The batch's id, and its file's name: ascending in time, unlike any other agent's. */
  id: string;
  rows: number;
  size: number;
  attempted: boolean;
  cursor: string;
  /** Undefined when it is on disk. */
  memory: Uint8Array | undefined;
}

export interface OutboxStats {
  droppedRows: Record<BatchKind, number>;
  waitingBytes: number;
  waitingBatches: number;
  pushedBatches: number;
}

export interface Outbox extends AsyncDisposable {
  readonly stats: OutboxStats;
  /** Where the journal was read to when its last line was put here; "" at the very beginning. */
  readonly cursor: string;
  /** Resolves when the batch is on disk. Batches are pushed in this order. */
  put(batch: { kind: BatchKind; rows: number; bytes: Uint8Array; cursor?: string }): Promise<void>;
  /** Pushes now, rather than when the back-off ends: the server is there again. */
  wake(): void;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
}

const firstBackOffMs = 500;
const longestBackOffMs = 15_000;
const mostMemory = 8 * 1024 * 1024;

/**
 * Batches on disk until the server has acknowledged them. A file is the journal's cursor (length as uint32, text)
 * and the batch, so that lines and the place where reading goes on become durable in one step.
 */
export async function openOutbox(options: {
  directory: string;
  push: Push;
  clock: Clock;
  largestBytes: number;
  log: (message: string) => void;
}): Promise<Outbox> {
  const { directory, push, clock, log } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cursorPath = join(directory, "cursor");
  const folder = await open(directory, "r");
  const queue = await findEntries(directory);
  const stats: OutboxStats = {
    droppedRows: { samples: 0, logs: 0 },
    waitingBytes: queue.reduce((sum, { size }) => sum + size, 0),
    waitingBatches: queue.length,
    pushedBatches: 0,
  };
  let cursor = queue.findLast((entry) => entry.cursor !== "")?.cursor ?? (await readText(cursorPath));
  let number = 0;
  let putting: Promise<void> = Promise.resolve();
  let waker = new AbortController();
  let pushNow = new AbortController();
  const stopping = new AbortController();
  const idle = new Set<() => void>();
  const pathOf = ({ id, kind, rows }: Entry) => join(directory, `${id}-${rows}.${kind}`);

  async function store(kind: BatchKind, rows: number, bytes: Uint8Array, newCursor: string): Promise<void> {
    const id = `${String(clock.now()).padStart(14, "0")}-${String(++number).padStart(6, "0")}-${crypto.randomUUID().slice(0, 8)}`;
    const entry: Entry = {
      kind,
      id,
      rows,
      size: bytes.length,
      attempted: false,
      cursor: newCursor,
      memory: undefined,
    };
    try {
      await writeDurably(pathOf(entry), join(directory, "new"), newCursor, bytes, folder);
    } catch (error) {
      log(`A batch of ${kind} is kept in memory, its file could not be written: ${(error as Error).message}`);
      await rm(pathOf(entry), { force: true }).catch(() => undefined);
      entry.memory = bytes;
      entry.cursor = "";
    }
    if (entry.cursor !== "") cursor = entry.cursor;
    queue.push(entry);
    stats.waitingBytes += entry.size;
    stats.waitingBatches = queue.length;
    await dropOldest();
    waker.abort();
  }

  /** The newest are worth most once there is no room: the oldest go, and it is counted and said. */
  async function dropOldest(): Promise<void> {
    const inMemory = () => queue.reduce((sum, { memory }) => sum + (memory?.length ?? 0), 0);
    while (queue.length > 1 && (stats.waitingBytes > options.largestBytes || inMemory() > mostMemory)) {
      const [oldest] = queue;
      if (!oldest) return;
      log(
        `The spool is full: ${oldest.rows} ${oldest.kind} of ${new Date(Number(oldest.id.slice(0, 14))).toISOString()} were dropped`,
      );
      stats.droppedRows[oldest.kind] += oldest.rows;
      await finish(oldest);
    }
  }

  async function finish(entry: Entry): Promise<void> {
    const at = queue.indexOf(entry);
    if (at < 0) return;
    queue.splice(at, 1);
    stats.waitingBytes -= entry.size;
    stats.waitingBatches = queue.length;
    if (!entry.memory) {
      // The cursor must outlive the file that carries it.
      if (entry.cursor !== "" && !queue.some((other) => other.cursor !== ""))
        await saveCursor(cursorPath, entry.cursor);
      await rm(pathOf(entry), { force: true });
    }
    if (queue.length === 0) for (const wake of [...idle]) wake();
  }

  async function pushOldest(entry: Entry): Promise<void> {
    const bytes = entry.memory ?? (await readBatch(pathOf(entry)));
    if (bytes && entry.attempted) markResent(bytes);
    entry.attempted = true;
    try {
      if (bytes) await push(entry.kind, entry.id, entry.rows, bytes);
      stats.pushedBatches++;
    } catch (error) {
      if (!(error instanceof HavnError) || error.retryable || error.status !== 400) throw error;
      log(`The server refused ${entry.rows} ${entry.kind}: ${error.message}`);
      stats.droppedRows[entry.kind] += entry.rows;
    }
    await finish(entry);
  }

  async function loop(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!stopping.signal.aborted) {
      const [oldest] = queue;
      waker = new AbortController();
      try {
        if (oldest) {
          await pushOldest(oldest);
          backOffMs = firstBackOffMs;
          continue;
        }
        if (queue.length === 0) await clock.sleep(60_000, AbortSignal.any([stopping.signal, waker.signal]));
      } catch (error) {
        if (backOffMs === firstBackOffMs) log(`Telemetry waits in the spool: ${(error as Error).message}`);
        await clock.sleep(backOffMs, AbortSignal.any([stopping.signal, pushNow.signal]));
        pushNow = new AbortController();
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      }
    }
  }
  const looping = loop();

  return {
    stats,
    get cursor() {
      return cursor;
    },
    put({ kind, rows, bytes, cursor: newCursor = "" }) {
      const turn = putting.then(() => store(kind, rows, bytes, newCursor));
      // One that fails must not fail all that come after it.
      putting = turn.catch(() => undefined);
      return turn;
    },
    wake: () => pushNow.abort(),
    async drained() {
      await putting;
      if (queue.length > 0) await new Promise<void>((resolve) => idle.add(resolve));
    },
    async [Symbol.asyncDispose]() {
      await putting;
      stopping.abort();
      await looping;
      await folder.close();
    },
  };
}

async function writeDurably(
  path: string,
  temporary: string,
  cursor: string,
  bytes: Uint8Array,
  folder: FileHandle,
): Promise<void> {
  const text = Buffer.from(cursor);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(text.length);
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(Buffer.concat([head, text, bytes]));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await folder.sync();
}

/** Undefined where there is no such file; one that cannot be read now is tried again, not taken for pushed. */
async function readBatch(path: string): Promise<Uint8Array | undefined> {
  const whole = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!whole || whole.length < 4) return undefined;
  return whole.subarray(4 + whole.readUInt32LE(0));
}

/** What an earlier agent left: it may have been pushed already. */
async function findEntries(directory: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const [, id, rows, kind] = /^(\d+-\d+-[0-9a-f]+)-(\d+)\.(samples|logs)$/.exec(name) ?? [];
    if (!id || !kind) continue;
    const path = join(directory, name);
    const file = await open(path, "r");
    try {
      const head = Buffer.alloc(4096);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const length = bytesRead >= 4 ? head.readUInt32LE(0) : 0;
      const cursor = head.toString("utf8", 4, Math.min(bytesRead, 4 + length));
      const { size } = await stat(path);
      entries.push({
        kind: kind as BatchKind,
        id,
        rows: Number(rows),
        size,
        attempted: true,
        cursor,
        memory: undefined,
      });
    } finally {
      await file.close();
    }
  }
  return entries;
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

async function saveCursor(path: string, cursor: string): Promise<void> {
  await writeFile(`${path}.new`, cursor, { flush: true, mode: 0o600 });
  await rename(`${path}.new`, path);
}
