import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import { kill9, processesOf } from "./processes.ts";

/** Leaves nothing of a control plane that a test started, in whatever state it is: processes, machines, files. */
export async function removeHavn(dataDirectory: string): Promise<void> {
  // The shells that start things again go first.
  for (const { pid } of processesOf(dataDirectory).filter(({ command }) => command.includes("supervise.sh")))
    kill9(pid);
  for (let round = 0; round < 20; round++) {
    const left = processesOf(dataDirectory).filter(({ command }) => !command.includes("systemd-nspawn"));
    if (left.length === 0) break;
    for (const { pid } of left) kill9(pid);
    await sleep(50);
  }
  if (existsSync(join(dataDirectory, "machines"))) await createNspawnProvider({ dataDirectory }).destroyAll();
  const sockets = socketsOf(dataDirectory);
  if (sockets) await rm(sockets, { recursive: true, force: true });
  await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
}

/** Where PostgreSQL has its socket: the fifth line of its pid file. */
function socketsOf(dataDirectory: string): string | undefined {
  try {
    return readFileSync(join(dataDirectory, "postgres/postmaster.pid"), "utf8").split("\n")[4];
  } catch {
    return undefined;
  }
}

// Run as a program: the guard of a test that was killed (see guard.ts).
if (import.meta.main && process.argv[2]?.startsWith("/")) await removeHavn(process.argv[2]);
