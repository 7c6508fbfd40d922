import { readFile } from "node:fs/promises";
import { encodeFiles, seekingSource, writeFiles } from "@havn/fleet/copy";
import type { CopyResult, CopyToSpec } from "@havn/fleet/protocol";
import { checkWay } from "@havn/infrastructure/host";
import { HavnError } from "@havn/model";
import type { RunChannel } from "./run-channel.ts";

/** Files that come here and go from here, because somebody asked. */
export interface Copies {
  to(spec: CopyToSpec, signal: AbortSignal, progress: (bytes: number) => void): Promise<CopyResult>;
  from(spec: { run: string; source: string }, signal: AbortSignal): Promise<CopyResult>;
}

export function createCopies({ channel }: { channel: RunChannel }): Copies {
  return {
    async to({ run, destination, owner, group, mode }, signal, progress) {
      refuseRelative(destination);
      // A link that a user of the host put there would make root write, and give away, what it leads to.
      await checkWay(`${destination.replace(/\/+$/, "")}/any`);
      const account = owner === undefined ? undefined : await findEntry("/etc/passwd", owner, "user");
      const uid = account && Number(account[2]);
      // Whoever gets a file gets it with their own group, unless told.
      const gid =
        group === undefined
          ? account && Number(account[3])
          : Number((await findEntry("/etc/group", group, "group"))[2]);
      const source = seekingSource((offset) => channel.read(run, offset));
      return writeFiles(source, destination, {
        ...{ uid, gid, signal, onProgress: progress },
        mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
      });
    },
    async from({ run, source }, signal) {
      refuseRelative(source);
      const writer = channel.open(run, "content");
      let files = 0;
      let bytes = 0;
      const onFile = (_: string, size: number) => {
        files += 1;
        bytes += size;
      };
      for await (const piece of encodeFiles([source], { signal, onFile })) await writer.write(piece);
      await writer.end();
      return { files, bytes, unchanged: 0 };
    },
  };
}

function refuseRelative(path: string): void {
  if (!path.startsWith("/"))
    throw new HavnError(`"${path}" is no absolute path`, { detail: "Write HOST:/path.", status: 400 });
}

async function findEntry(file: string, name: string, what: string): Promise<string[]> {
  const entries = (await readFile(file, "utf8")).split("\n").map((line) => line.split(":"));
  const found = entries.find(([own, , id]) => own === name || id === name);
  if (found) return found;
  throw new HavnError(`There is no ${what} "${name}" on this host`, { status: 400 });
}
