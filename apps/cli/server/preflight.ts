import { randomUUID } from "node:crypto";
import { access, constants, mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { HavnError } from "@havn/model";

/** Room that both databases need to come up and work for a while. */
const neededBytes = 300_000_000;

/** Finds out before anything starts what would make the server fail, because here it can be said plainly. */
export async function checkCanStart(dataDirectory: string, port: number): Promise<void> {
  await checkDirectory(dataDirectory);
  await checkPort(port, "the page and the API");
  await checkPort(port + 1, "agents");
}

async function checkDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    // Its own name each time: two commands, or two calls in one process, may look at once.
    const probe = join(directory, `.writable-${randomUUID()}`);
    await writeFile(probe, "x".repeat(4096));
    await rm(probe);
  } catch (cause) {
    throw directoryError(directory, cause as NodeJS.ErrnoException);
  }
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < neededBytes) throw fullDisk(directory, bavail * bsize);
}

function directoryError(directory: string, cause: NodeJS.ErrnoException): HavnError {
  if (cause.code === "ENOSPC") return fullDisk(directory, 0);
  const summary = `The data directory ${directory} cannot be used`;
  switch (cause.code) {
    case "EACCES":
    case "EPERM":
      return new HavnError(summary, {
        detail:
          "You may not write there. Was Havn run there as another user (sudo)? Run it as that user, or choose " +
          "another directory with --data DIR or HAVN_DATA.",
        cause,
      });
    case "EROFS":
      return new HavnError(summary, {
        detail: "That file system is read-only. Choose another with --data DIR.",
        cause,
      });
    case "ENOTDIR":
    case "EEXIST":
      return new HavnError(summary, {
        detail: `Something that is no folder stands in the way (${dirname(directory)}). Choose another with --data DIR.`,
        cause,
      });
    default:
      return new HavnError(summary, {
        detail: `${cause.message}. Choose another directory with --data DIR or HAVN_DATA.`,
        cause,
      });
  }
}

function fullDisk(directory: string, free: number): HavnError {
  return new HavnError(`The disk of ${directory} is full`, {
    detail:
      `${Math.floor(free / 1_000_000)} MB are free there, and Havn needs ${neededBytes / 1_000_000} MB to start. ` +
      "Make room, or choose a directory on another disk with --data DIR.",
  });
}

async function checkPort(port: number, purpose: string): Promise<void> {
  const cause = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (cause === undefined) return;
  if (cause.code === "EADDRINUSE")
    throw new HavnError(`Port ${port} on 127.0.0.1, which is for ${purpose}, is taken by another program`, {
      detail:
        "Choose another with --port N or HAVN_PORT (the next one up is used too), or stop that program.",
      cause,
    });
  if (cause.code === "EACCES")
    throw new HavnError(`Port ${port} may not be opened by this user`, {
      detail: "Ports below 1024 are for root. Choose another with --port N or HAVN_PORT.",
      cause,
    });
  throw new HavnError(`Port ${port} cannot be opened`, {
    detail: `${cause.message}. Choose another with --port N.`,
    cause,
  });
}
