import { setTimeout as sleep } from "node:timers/promises";
import type { LogRecord } from "@havn/model";
import type { Api } from "../api/client.ts";
import { patiently } from "../api/patience.ts";
import { logsAnswer } from "../api/schemas.ts";
import type { Flow } from "./apply.ts";

export interface LogSearch {
  environment: string;
  service: string | undefined;
  host: string | undefined;
  contains: string | undefined;
  severity: string | undefined;
  /** Milliseconds since the epoch. */
  since: number | undefined;
  limit: number;
}

/** The newest lines that match, oldest first. */
export async function readLogs(api: Api, search: LogSearch, signal: AbortSignal): Promise<LogRecord[]> {
  const { records } = await api.get("/api/v1/logs", logsAnswer, { query: { ...search }, signal });
  return records;
}

/** Lines reach the server a moment after they were written, and not in order between hosts. */
const overlapMs = 15_000;

/** First what there is, then every new line, each once, until `signal` aborts. Survives restarts of the server. */
export async function followLogs(
  { api, signal }: Flow,
  search: LogSearch,
  show: (records: LogRecord[]) => void,
): Promise<void> {
  const seen = new Map<string, bigint>();
  let since = search.since;
  let limit = search.limit;
  while (!signal.aborted) {
    const records = await patiently(() => readLogs(api, { ...search, since, limit }, signal), {
      signal,
      patienceMs: 600_000,
    });
    show(records.filter((record) => !seen.has(keyOf(record))));
    for (const record of records) seen.set(keyOf(record), BigInt(record.time));
    const newest = records.at(-1);
    if (newest) {
      since = Number(BigInt(newest.time) / 1_000_000n) - overlapMs;
      limit = 10_000;
    }
    for (const [key, time] of seen)
      if (since !== undefined && time < BigInt(since) * 1_000_000n) seen.delete(key);
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}

const keyOf = ({ time, host, instance, body }: LogRecord): string => `${time}\0${host}\0${instance}\0${body}`;
