import { HavnError } from "@havn/model";
import type { Globals } from "../kit/command.ts";
import type { Io } from "../kit/io.ts";
import { openRegion } from "../kit/region.ts";
import { ensureServer, type Started } from "../server/control.ts";
import { spinnerAt } from "../views/progress.ts";
import { elapsed } from "../views/words.ts";

/** Some commands are about processes on this computer. */
export function refuseRemote({ remote }: Globals, command: string): void {
  if (remote)
    throw new HavnError(`havn ${command} works on this computer's Havn, and HAVN_URL names ${remote.url}`, {
      detail: "Unset HAVN_URL, or run it on that computer.",
    });
}

interface LocalOptions {
  globals: Globals;
  io: Io;
  signal: AbortSignal;
}

/** Starts Havn in the background where it is not running, and shows what it waits for. */
export async function startServer({ globals, io, signal }: LocalOptions): Promise<Started> {
  const began = Date.now();
  const region = openRegion(io);
  let doing = "";
  // Nothing is shown when it runs already.
  region.show(() =>
    doing === ""
      ? []
      : [
          `  ${io.style.cyan(spinnerAt(Date.now()))} starting Havn ${io.style.dim(`${elapsed(Date.now() - began)}  ${doing}`)}`,
        ],
  );
  try {
    return await ensureServer({
      ...globals,
      signal,
      tell(detail) {
        doing = detail;
        if (!io.live) io.tell(`Starting Havn: ${detail}`);
      },
    });
  } finally {
    region.close();
  }
}
