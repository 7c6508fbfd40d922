import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { until } from "@havn/testkit";
import type { IcingaFiles } from "../program.ts";

/** An object as Debian's icinga2 sees it. */
export interface Seen {
  type: string;
  name: string;
  properties: Record<string, unknown>;
}

export const disk: IcingaFiles = {
  read: (path) =>
    statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined,
  glob: (pattern) => globSync(pattern).sort(),
};

const environment = {
  ...process.env,
  ICINGA2_USER: userInfo().username,
  ICINGA2_GROUP: execFileSync("id", ["-gn"], { encoding: "utf8" }).trim(),
};

function definitions(work: string, main: string, constants: Readonly<Record<string, string>>): string[] {
  for (const folder of ["cache", "lib/api", "log", "run", "spool"])
    mkdirSync(join(work, folder), { recursive: true });
  const all = {
    ...{
      CacheDir: `${work}/cache`,
      DataDir: `${work}/lib`,
      LogDir: `${work}/log`,
      InitRunDir: `${work}/run`,
    },
    ...{ SpoolDir: `${work}/spool`, ConfigDir: join(main, "..") },
    ...constants,
  };
  return Object.entries(all).map(([name, value]) => `-D${name}=${value}`);
}

/** All objects of a configuration: what `icinga2 object list` reads after `icinga2 daemon -C`. */
export function asIcingaSees(
  work: string,
  main: string,
  constants: Readonly<Record<string, string>>,
): Seen[] {
  execFileSync("icinga2", ["daemon", "-C", "-c", main, ...definitions(work, main, constants)], {
    ...{ env: environment, stdio: "pipe", timeout: 60_000 },
  });
  // Each object as JSON, after its length in bytes and a colon.
  const bytes = readFileSync(join(work, "cache", "icinga2.debug"));
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const colon = bytes.indexOf(":", at);
    const length = Number(bytes.toString("utf8", at, colon));
    const one: Seen = JSON.parse(bytes.toString("utf8", colon + 1, colon + 1 + length));
    // Its whole name: of a service with that of its host.
    seen.push({ ...one, name: String(one.properties.__name) });
    at = colon + 2 + length;
  }
  return seen;
}

/** What Icinga's own console makes of an expression: its last line. */
export function console(expression: string): string {
  try {
    const told = execFileSync("icinga2", ["console", "--eval", expression], {
      ...{ env: environment, encoding: "utf8", stdio: "pipe", timeout: 30_000 },
    });
    return told.trim().split("\n").at(-1) ?? "";
  } catch {
    return "error";
  }
}

/**
 * The very words with which Icinga runs plugins: runs it, with every check forced once, until `count` different lines
 * were recorded. Plugins in `plugins` do nothing but write down how they were called.
 */
export async function asIcingaRuns(
  work: string,
  main: string,
  { plugins, hosts, count }: { plugins: readonly string[]; hosts: readonly string[]; count: number },
): Promise<{ folder: string; words: string[][] }> {
  const folder = join(work, "plugins");
  const recorded = join(work, "recorded");
  for (const one of [folder, recorded]) mkdirSync(one, { recursive: true });
  const script = join(folder, "record");
  writeFileSync(
    script,
    `#!/bin/sh\nto=$(mktemp ${recorded}/XXXXXXXX) || exit 3\n{ printf '%s\\0' "$0"; [ $# = 0 ] || printf '%s\\0' "$@"; } >"$to"\nmv "$to" "$to.done"\n`,
  );
  chmodSync(script, 0o755);
  for (const name of plugins) symlinkSync("record", join(folder, name));
  const pipe = join(work, "run", "commands");
  const started = join(work, "started.conf");
  writeFileSync(
    started,
    `include "${main}"\nobject CheckerComponent "checker" { }\nobject ExternalCommandListener "commands" { command_path = "${pipe}" }\n`,
  );
  const daemon = spawn(
    "icinga2",
    ["daemon", "-c", started, ...definitions(work, main, { PluginDir: folder })],
    // In a group of its own: it has children.
    { env: environment, stdio: "ignore", detached: true },
  );
  const words = () =>
    [
      ...new Set(
        globSync("*.done", { cwd: recorded }).map((name) => readFileSync(join(recorded, name), "utf8")),
      ),
    ].map((line) => line.split("\0").slice(0, -1));
  try {
    await until(() => existsSync(pipe), { what: "Icinga's command pipe" });
    const now = Math.floor(Date.now() / 1000);
    const orders = hosts.flatMap((host) => [
      `[${now}] SCHEDULE_FORCED_HOST_CHECK;${host};${now}`,
      `[${now}] SCHEDULE_FORCED_HOST_SVC_CHECKS;${host};${now}`,
    ]);
    writeFileSync(pipe, `${orders.join("\n")}\n`);
    await until(() => words().length >= count, { what: `${count} command lines` });
    return { folder, words: words() };
  } finally {
    if (daemon.pid !== undefined) process.kill(-daemon.pid, "SIGKILL");
  }
}

export const pluginName = (words: readonly string[]): string => basename(words[0] ?? "");
