import { lstat, readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { systemClock } from "@havn/model";
import { createAccounts } from "./accounts.ts";
import { runCommand } from "./commands.ts";

/** Something that stands in a host's own records near the time of a change. */
export interface Trace {
  /** Milliseconds since the epoch. */
  at: number;
  text: string;
  /** It went on until later: a session. */
  lasts?: true;
}

/** What is known of a change before anything is mended. */
export interface ChangeFacts {
  /** When the kernel noted the last change of one of the paths, or of the folder of one that is gone. */
  changedAt: number | undefined;
  /** Facts of the files themselves. */
  files: string[];
}

const beforeMs = 60_000;
const afterMs = 3000;
const longestAgoMs = 24 * 3_600_000;
const mostTraces = 6;
/** Evidence must not hold up the news. */
const longestSearchMs = 1200;
const longestText = 200;

/** To be asked before the change is mended: mending changes the times. */
export async function readChangeFacts(paths: readonly string[]): Promise<ChangeFacts> {
  const accounts = createAccounts();
  const facts: ChangeFacts = { changedAt: undefined, files: [] };
  const note = (at: number) => {
    facts.changedAt = Math.max(facts.changedAt ?? 0, at);
  };
  for (const path of paths.slice(0, 8)) {
    try {
      // Unlike mtime, nobody can set ctime to what he likes.
      const { ctimeMs, uid } = await lstat(path);
      note(ctimeMs);
      facts.files.push(`${path} belongs to ${await accounts.userName(uid)}`);
    } catch {
      const folder = await lstat(dirname(path)).catch(() => undefined);
      if (folder) note(folder.ctimeMs);
      facts.files.push(`${path} is not there`);
    }
  }
  return facts;
}

/**
 * What journal, sign-ins and package logs tell of the time around a change: evidence for people, never a proof. Files
 * that changed long ago are told of without it. Gives what it has once its time is up, and never throws.
 */
export async function findEvidence(
  facts: ChangeFacts,
  now: number,
  searched: Map<number, Promise<Trace[]>> = new Map(),
): Promise<string[]> {
  const at = Math.min(facts.changedAt ?? now, now);
  // What changed at one time is searched for once.
  const block = Math.round(at / 2000);
  const search = searched.get(block) ?? (now - at > longestAgoMs ? Promise.resolve([]) : searchTraces(at));
  searched.set(block, search);
  const own = await search;
  const near = own
    .filter((trace) => trace.at <= at + afterMs && (trace.lasts || trace.at >= at - beforeMs))
    .sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))
    .slice(0, mostTraces)
    .map((trace) => `${trace.text}, ${distance(at - trace.at, trace.lasts)}`);
  return [...near, ...facts.files.slice(0, 2)];
}

async function searchTraces(at: number): Promise<Trace[]> {
  const searches = [journalTraces(at), sessionTraces(at), dpkgTraces(at), aptTraces(at)];
  const bounded = searches.map((search) =>
    Promise.race([search.catch(() => []), systemClock.sleep(longestSearchMs).then((): Trace[] => [])]),
  );
  return (await Promise.all(bounded)).flat();
}

async function journalTraces(at: number): Promise<Trace[]> {
  const seconds = (time: number) => `@${Math.floor(time / 1000)}`;
  const { stdout } = await runCommand(
    [
      ...["journalctl", `--since=${seconds(at - beforeMs)}`, `--until=${seconds(at + afterMs + 1000)}`],
      ...["--output=json", "--no-pager", "--lines=300", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_PID"],
      ...["sudo", "su", "CRON", "cron", "sshd", "useradd", "usermod", "userdel", "passwd"].map(
        (name) => `SYSLOG_IDENTIFIER=${name}`,
      ),
    ],
    { timeoutMs: longestSearchMs },
  );
  return parseJournal(stdout, at);
}

/** Lines of `journalctl -o json`. Of sign-ins only those that were not over by the time of the change. */
export function parseJournal(text: string, at: number): Trace[] {
  const entries = text.split("\n").flatMap((line) => parseJournalTrace(line) ?? []);
  const over = new Set(entries.flatMap(({ closes, at: end }) => (closes && end < at ? closes : [])));
  return entries
    .filter(({ closes, process }) => closes === undefined && !(process && over.has(process)))
    .map(({ at: time, text: told }) => ({ at: time, text: told }));
}

interface JournalTrace extends Trace {
  /** Of a sign-in. */
  process?: string;
  /** The sign-in of this process is over. */
  closes?: string;
}

/** Undefined for what tells nothing of who did something. */
function parseJournalTrace(line: string): JournalTrace | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const message = typeof entry["MESSAGE"] === "string" ? entry["MESSAGE"].trim() : "";
  const identifier = String(entry["SYSLOG_IDENTIFIER"] ?? "");
  const at = Number(entry["__REALTIME_TIMESTAMP"]) / 1000;
  const process = `${entry["_PID"]}`;
  if (identifier === "sshd" && /session closed for user/.test(message))
    return { at, text: "", closes: process };
  const text = describeMessage(identifier, message);
  if (text === undefined) return undefined;
  return { at, text: shortened(text), ...(identifier === "sshd" && { process }) };
}

function describeMessage(identifier: string, message: string): string | undefined {
  switch (identifier) {
    case "sudo": {
      const [, user, as, command] = /^(\S+) : .*?USER=(\S+) ;.*?COMMAND=(.+)$/s.exec(message) ?? [];
      if (!user || !command) return undefined;
      return `sudo by ${user}${as === "root" ? "" : ` as ${as}`}: ${command}`;
    }
    case "su": {
      const [, to, by] = /^\(to (\S+)\) (\S+) on/.exec(message) ?? [];
      return to && `su by ${by} to ${to}`;
    }
    case "CRON":
    case "cron": {
      const [, user, command] = /^\((\S+)\) CMD \((.+)\)$/s.exec(message) ?? [];
      return user && `cron job of ${user}: ${command?.trim()}`;
    }
    case "sshd": {
      const [, method, user, from] = /^Accepted (\S+) for (\S+) from (\S+)/.exec(message) ?? [];
      return user && `SSH sign-in of ${user} from ${from} (${method})`;
    }
    default:
      return /^(new (user|group)|change user|delete user|password changed)/.test(message)
        ? `${identifier}: ${message}`
        : undefined;
  }
}

/** Who is signed in, as systemd-logind has it. */
async function sessionTraces(at: number): Promise<Trace[]> {
  const folder = "/run/systemd/sessions";
  const names = (await readdir(folder)).filter((name) => !name.includes("."));
  const texts = await Promise.all(
    names.slice(0, 50).map((name) => readFile(`${folder}/${name}`, "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => parseSession(text) ?? []).filter((trace) => trace.at <= at);
}

/** `KEY=value` lines of /run/systemd/sessions/N. */
export function parseSession(text: string): Trace | undefined {
  const values = new Map(
    text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const user = values.get("USER");
  if (!user || values.get("CLASS") !== "user") return undefined;
  const from = values.get("REMOTE_HOST");
  const service = values.get("SERVICE");
  const how = [service === "sshd" ? "over SSH" : service, from && `from ${from}`].filter(Boolean).join(" ");
  return {
    at: Number(values.get("REALTIME") ?? 0) / 1000,
    text: shortened(`${user} was signed in ${how}`.trim()),
    lasts: true,
  };
}

/** What a package brings or takes is there or gone at once. */
const packageMs = 5000;

const dpkgTraces = async (at: number): Promise<Trace[]> =>
  parseDpkgLog((await readFile("/var/log/dpkg.log", "utf8")).slice(-20_000)).filter(
    (trace) => Math.abs(trace.at - at) < packageMs,
  );

/** `2026-11-23 06:20:11 remove bc:amd64 1.07 <none>`, in the host's own time. */
export function parseDpkgLog(text: string): Trace[] {
  return text.split("\n").flatMap((line) => {
    const [, time, verb, name] = /^(\S+ \S+) (install|upgrade|remove|purge) (\S+)/.exec(line) ?? [];
    return time ? [{ at: Date.parse(time.replace(" ", "T")), text: `dpkg: ${verb} ${name}` }] : [];
  });
}

const aptTraces = async (at: number): Promise<Trace[]> =>
  parseAptHistory((await readFile("/var/log/apt/history.log", "utf8")).slice(-20_000), at);

/** Blocks of /var/log/apt/history.log: the runs during which, or just after which, the change was. */
export function parseAptHistory(text: string, at: number): Trace[] {
  return text.split("\n\n").flatMap((block) => {
    const value = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(block)?.[1]?.trim();
    const time = (key: string) => Date.parse(value(key)?.replace(/\s+/, "T") ?? "");
    const begun = time("Start-Date");
    const command = value("Commandline");
    if (!command || !(begun - packageMs <= at) || time("End-Date") + packageMs < at) return [];
    // Havn's own runs wait for the lock like this.
    const by = command.includes("DPkg::Lock::Timeout=600") ? "Havn" : value("Requested-By");
    return [
      {
        at: begun,
        text: shortened(by === "Havn" ? "apt by Havn" : `apt${by ? ` by ${by}` : ""}: ${command}`),
      },
    ];
  });
}

const shortened = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText)}…` : text.replaceAll("\n", " ");

function distance(ms: number, lasts: boolean | undefined): string {
  const seconds = Math.abs(ms) / 1000;
  const said = seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
  if (lasts) return `since ${said} before`;
  return `${said} ${ms >= 0 ? "before" : "after"}`;
}
