import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Clock } from "@havn/model";
import { parseLogLine, severityOfPriority } from "../logs/parse-line.ts";
import type { AgentLogRecord } from "../protocols/agent/logs.ts";

export interface JournalEntry {
  record: AgentLogRecord;
  cursor: string;
}

/** What a systemd unit's lines belong to. */
export interface FollowedUnit {
  /** With its suffix: "havn-shop-web-1-3f2a9c10.service". */
  unit: string;
  service: string;
  instance: string;
}

const longestBackOffMs = 15_000;
const fields = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER,_PID";

/**
 * Follows journald until `signal` aborts, starting after `cursor()`, or now where there is none. Where this computer
 * has no journal, or it may not be read, it says so once and keeps trying, ever more slowly.
 */
export async function followJournal(options: {
  cursor: () => string;
  /** Undefined: the line is not wanted. */
  unit: (unit: string) => { service: string; instance: string } | undefined;
  take: (entry: JournalEntry) => void;
  clock: Clock;
  log: (message: string) => void;
  signal: AbortSignal;
  command?: readonly string[];
}): Promise<void> {
  const { clock, signal, log } = options;
  const since = Math.floor(clock.now() / 1000);
  let backOffMs = 500;
  let told = false;
  let cursorRefused = false;
  while (!signal.aborted) {
    const cursor = cursorRefused ? "" : options.cursor();
    const from = cursor === "" ? `--since=@${since}` : `--after-cursor=${cursor}`;
    const { lines, error } = await runOnce(options, from);
    if (signal.aborted) return;
    if (lines > 0) {
      backOffMs = 500;
      cursorRefused = false;
    } else if (/cursor/i.test(error)) cursorRefused = true;
    if (!told)
      log(`The journal cannot be followed, it is tried again: ${error.trim() || "journalctl ended"}`);
    told = lines === 0;
    await clock.sleep(backOffMs, signal);
    backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
  }
}

async function runOnce(
  { unit, take, signal, command = ["journalctl"] }: Parameters<typeof followJournal>[0],
  from: string,
): Promise<{ lines: number; error: string }> {
  const [program = "journalctl", ...first] = command;
  const child = spawn(
    program,
    [...first, "-f", "-o", "json", "--all", `--output-fields=${fields}`, "--no-pager", from],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  let lines = 0;
  let error = "";
  child.stderr.on("data", (data) => {
    error = (error + data).slice(-500);
  });
  child.once("error", (cause) => {
    error = cause.message;
  });
  const closed = once(child, "close").catch(() => undefined);
  for await (const line of createInterface({ input: child.stdout })) {
    lines++;
    const entry = parseJournalLine(line, unit);
    if (entry && !signal.aborted) take(entry);
  }
  await closed;
  signal.removeEventListener("abort", stop);
  return { lines, error };
}

/** One line of `journalctl -o json`. Undefined for what is not wanted. */
export function parseJournalLine(
  line: string,
  unit: (unit: string) => { service: string; instance: string } | undefined,
): JournalEntry | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: microseconds, MESSAGE: message } = fields;
  if (typeof cursor !== "string" || typeof microseconds !== "string" || !/^\d+$/.test(microseconds))
    return undefined;
  const name = String(fields._SYSTEMD_UNIT ?? "");
  const place = unit(name);
  if (!place) return undefined;
  const parsed = parseLogLine(messageText(message), severityOfPriority(Number(fields.PRIORITY ?? 6)));
  if (place.service === "") {
    if (name !== "") parsed.attributes.unit = name;
    if (fields.SYSLOG_IDENTIFIER) parsed.attributes.identifier = String(fields.SYSLOG_IDENTIFIER);
  }
  return { cursor, record: { ...parsed, ...place, time: `${microseconds}000` } };
}

/** journald writes a message that is not printable text as an array of bytes. */
function messageText(message: unknown): string {
  if (Array.isArray(message)) return Buffer.from(message as number[]).toString("utf8");
  return typeof message === "string" ? message : "";
}
