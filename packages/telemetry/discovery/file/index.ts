import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HavnError, parseDuration } from "@havn/model";
import type { FileSd } from "@havn/prometheus";
import { parse } from "yaml";
import { type Discover, poll, type TargetGroup } from "../discovery.ts";
import { readGroups } from "../groups.ts";

const largestFile = 16 * 1024 * 1024;
/** An editor writes a file in several steps: it is read once it has been left alone for so long. */
const settleMs = 50;

/** Targets that stand in files on the control plane's own disk; read again when a file changes. */
export const discoverFiles: Discover<FileSd> = async (config, found, context) => {
  const known = new Map<string, TargetGroup[]>();
  const read = async () => {
    const present = new Set<string>();
    const faults: string[] = [];
    for (const pattern of config.files)
      for (const path of await filesOf(pattern)) {
        present.add(path);
        try {
          known.set(path, await readTargets(path));
        } catch (error) {
          // What this file said before stays, as long as the file does; those beside it count.
          faults.push(error instanceof Error ? error.message : String(error));
        }
      }
    for (const path of known.keys()) if (!present.has(path)) known.delete(path);
    found([...known.values()].flat());
    if (faults.length > 0) throw new HavnError(faults.join("; "), { status: 502 });
    return [...known.values()].flat();
  };
  const stopWatching = watchFolders(
    config.files,
    () => void read().catch((error: Error) => context.failed(error.message)),
  );
  try {
    const intervalMs = parseDuration(config.refresh_interval ?? "5m");
    await poll(read, { found, intervalMs, context });
  } finally {
    stopWatching();
  }
};

function watchFolders(patterns: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, settleMs);
  };
  const watchers = [...new Set(patterns.map((pattern) => dirname(pattern)))].flatMap((folder) => {
    try {
      return [watch(folder, { persistent: false }, soon).on("error", () => {})];
    } catch {
      // A folder that is not there yet is looked at again and again.
      return [];
    }
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Only the last part of a path may hold a `*`. */
async function filesOf(pattern: string): Promise<string[]> {
  const last = basename(pattern);
  if (!last.includes("*")) return [pattern];
  const [before = "", after = ""] = last.split("*");
  const names = await readdir(dirname(pattern)).catch(() => []);
  return names
    .filter(
      (name) =>
        name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after),
    )
    .sort()
    .map((name) => join(dirname(pattern), name));
}

/** A failure names the file, never what stands in it. */
async function readTargets(path: string): Promise<TargetGroup[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HavnError(`${path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? "unknown"}`, {
      cause,
    });
  }
  if (text.length > largestFile) throw new HavnError(`${path} is larger than ${largestFile} bytes`);
  let value: unknown;
  try {
    value = path.endsWith(".json")
      ? JSON.parse(text)
      : parse(text, { maxAliasCount: 100, logLevel: "error" });
  } catch (cause) {
    throw new HavnError(`${path} is no ${path.endsWith(".json") ? "JSON" : "YAML"}`, { cause });
  }
  return readGroups(value ?? [], { what: path, meta: { __meta_filepath: path } });
}
