import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import { parseProcessStat } from "@havn/model";

/** Belongs to root alone, and is not cleared while labs run, as /tmp may be. */
export const labsDirectory = "/var/lib/havn/labs";

/** The name of a lab's folder tells its owner: process id and start time, which together never come again. */
export async function labPrefix(): Promise<string> {
  return `${process.pid}-${await startTime(process.pid)}-`;
}

/** Removes every lab whose owner has ended, with its machines and its network. */
export async function sweepLabs(): Promise<void> {
  const failures: unknown[] = [];
  for (const name of await readdir(labsDirectory).catch((): string[] => [])) {
    const [, pid, started] = /^(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || (await startTime(Number(pid))) === started) continue;
    await removeLab(join(labsDirectory, name)).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} labs could not be removed`);
}

export async function removeLab(folder: string): Promise<void> {
  await createNspawnProvider({ dataDirectory: folder }).destroyAll();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await rmdir(labsDirectory).catch(() => {}); // others may have theirs in it
  await rmdir(join(labsDirectory, "..")).catch(() => {});
}

/** In clock ticks since boot; undefined where there is no such process. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return parseProcessStat(stat)?.started.toString();
}
