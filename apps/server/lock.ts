import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { startTimeOf } from "./processes.ts";

/**
 * One control plane a data folder: a second one would take the databases away from the first. The lock names its
 * process by number and start time, so that a killed server's lock holds nobody up.
 */
export async function lockDataDirectory(dataDirectory: string): Promise<AsyncDisposable> {
  const file = join(dataDirectory, "server.lock");
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = await open(file, "wx", 0o600);
      await handle.writeFile(`${process.pid} ${startTimeOf(process.pid)}`);
      await handle.close();
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const [pid = "", started] = (await readFile(file, "utf8").catch(() => "")).split(" ");
    if (pid !== "" && started !== undefined && startTimeOf(Number(pid)) === started)
      throw new HavnError(`Another control plane (process ${pid}) runs on ${dataDirectory}`, {
        detail: "Use it, stop it with `havn down`, or choose another folder with --data DIR (HAVN_DATA).",
      });
    await rm(file, { force: true });
  }
  throw new HavnError(`The lock ${file} cannot be taken`, {
    detail: "Another server is just starting there. Try again.",
  });
}
