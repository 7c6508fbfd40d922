import { mkdirSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";

export const tables = [
  "series",
  "samples",
  "late",
  "starts",
  "histograms",
  "exemplars",
  "metadata",
  "logs",
] as const;
export type Table = (typeof tables)[number];

/** Rows of one table, on disk, that ClickHouse may not have yet. */
export interface Segment {
  table: Table;
  path: string;
  bytes: number;
  /** False where some of its rows may be in ClickHouse already. */
  isNew: boolean;
  /** Milliseconds since the epoch: none of its samples is older. Undefined where that is not known. */
  oldest?: number | undefined;
}

export type NewSegment = Omit<Segment, "path" | "bytes"> & { rows: Uint8Array };

export interface Spool extends AsyncDisposable {
  /** Resolves when the rows are on disk for good. All or nothing is said to be stored. */
  append(segments: readonly NewSegment[], options?: { evenIfFull?: boolean }): Promise<void>;
  /** Takes the segments of a table that wait, oldest first. */
  take(table: Table): Segment[];
  giveBack(segments: readonly Segment[]): void;
  remove(segments: readonly Segment[]): Promise<void>;
  waitingBytes(table?: Table): number;
}

interface Waiting {
  segments: readonly NewSegment[];
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A folder of segments, named `table-stamp-number.rows`. A file has its name only once it is whole and on
 * disk. Appends that come while the disk is busy share the next file and its fsync.
 */
export async function openSpool(directory: string, options: { largestBytes: number }): Promise<Spool> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const folder = await open(directory, "r");
  const waiting = Object.fromEntries(tables.map((table) => [table, []])) as unknown as Record<
    Table,
    Segment[]
  >;
  for (const segment of await findSegments(directory)) waiting[segment.table].push(segment);
  const stamp = Date.now().toString().padStart(14, "0");
  let number = 0;
  let queue: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let bytes = Object.values(waiting)
    .flat()
    .reduce((sum, segment) => sum + segment.bytes, 0);

  async function writeAll(): Promise<void> {
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      try {
        const written = await writeGroup(group.flatMap(({ segments }) => segments));
        for (const segment of written) {
          waiting[segment.table].push(segment);
          bytes += segment.bytes;
        }
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(spoolError(directory, error));
      }
    }
  }

  async function writeGroup(segments: readonly NewSegment[]): Promise<Segment[]> {
    const files = joinSegments(segments).map((joined) => {
      const name = `${joined.table}-${stamp}-${String(++number).padStart(10, "0")}`;
      return { ...joined, temporary: join(directory, `${name}.tmp`), path: join(directory, `${name}.rows`) };
    });
    try {
      await Promise.all(files.map(({ temporary, parts }) => writeDurably(temporary, parts)));
      for (const { temporary, path } of files) await rename(temporary, path);
      await folder.sync();
    } catch (error) {
      // Without an answer of success the sender sends again; what was renamed already would be there twice.
      await Promise.all(
        files.flatMap(({ temporary, path }) => [temporary, path].map((file) => rm(file, { force: true }))),
      );
      throw error;
    }
    return files.map(({ table, path, isNew, oldest, parts }) => {
      return { table, path, isNew, oldest, bytes: parts.reduce((sum, part) => sum + part.length, 0) };
    });
  }

  return {
    append(segments, { evenIfFull = false } = {}) {
      if (bytes > options.largestBytes && !evenIfFull)
        return Promise.reject(
          new HavnError("The telemetry spool is full", {
            status: 503,
            retryable: true,
            detail: `ClickHouse has not taken ${Math.round(bytes / 2 ** 20)} MiB in ${directory}. See whether it runs.`,
          }),
        );
      return new Promise((resolve, reject) => {
        queue.push({ segments, resolve, reject });
        writing ??= writeAll().finally(() => {
          writing = undefined;
        });
      });
    },
    take: (table) => waiting[table].splice(0),
    giveBack(segments) {
      for (const segment of segments.toReversed()) waiting[segment.table].unshift(segment);
    },
    async remove(segments) {
      for (const segment of segments) bytes -= segment.bytes;
      await Promise.all(segments.map(({ path }) => rm(path, { force: true })));
    },
    waitingBytes: (table) =>
      table ? waiting[table].reduce((sum, segment) => sum + segment.bytes, 0) : bytes,
    async [Symbol.asyncDispose]() {
      await writing;
      await folder.close();
    },
  };
}

/** One file a table, and apart those rows that may be in ClickHouse already: they cost more to insert. */
function joinSegments(segments: readonly NewSegment[]) {
  const joined = new Map<string, Omit<NewSegment, "rows"> & { parts: Uint8Array[] }>();
  for (const { rows, ...segment } of segments) {
    if (rows.length === 0) continue;
    const key = `${segment.table} ${segment.isNew}`;
    const file = joined.get(key);
    if (!file) joined.set(key, { ...segment, parts: [rows] });
    else {
      file.parts.push(rows);
      file.oldest = Math.min(file.oldest ?? 0, segment.oldest ?? 0);
    }
  }
  // Series first: samples are found through them.
  return tables.flatMap((table) => [...joined.values()].filter((file) => file.table === table));
}

async function writeDurably(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file: FileHandle = await open(path, "wx", 0o600);
  try {
    let left = parts.reduce((sum, part) => sum + part.length, 0);
    left -= (await file.writev(parts as Uint8Array[])).bytesWritten;
    if (left > 0) throw new Error(`${path}: the disk took ${left} bytes too few`);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** What an earlier process left. Whether it was inserted is not known. */
async function findSegments(directory: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    const [, word] = /^([a-z]+)-\d+-\d+\.rows$/.exec(name) ?? [];
    const table = tables.find((each) => each === word);
    if (table) {
      const { size } = await stat(path);
      segments.push({
        table,
        path,
        bytes: size,
        isNew: false,
      });
    } else if (name.endsWith(".tmp")) await rm(path, { force: true });
  }
  return segments;
}

function spoolError(directory: string, cause: unknown): HavnError {
  const code = (cause as NodeJS.ErrnoException).code;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new HavnError(
    full ? "The disk of the telemetry spool is full" : "The telemetry spool cannot be written",
    {
      status: 503,
      retryable: true,
      cause,
      detail: `${(cause as Error).message}. ${full ? "Free some space" : "See to its folder"}: ${directory}.`,
    },
  );
}
