import { open } from "node:fs/promises";
import { join } from "node:path";
import { type AgentEvent, agentEvent } from "@havn/fleet/protocol";
import type { Clock } from "@havn/model";
import { z } from "zod";
import { findFile, findJson } from "../files.ts";
import type { Log } from "../log.ts";

/** Events on their way to the timeline: on disk before they are sent, and until the control plane has them. */
export interface Outbox extends AsyncDisposable {
  /** Taken at once, sent as soon as it is on disk and the control plane is there. */
  add(event: AgentEvent): void;
  /** Sends what is left; call it when the connection is there. */
  flush(): void;
  /** Not yet at the control plane. */
  readonly size: number;
}

const batchSize = 100;
const longestQueue = 10_000;
const retryMs = 2000;
const line = z.union([z.object({ event: agentEvent }), z.object({ sent: z.array(z.string()) })]);

/**
 * `events.log` holds one JSON line an event and one for each batch that was answered; it is emptied when nothing is
 * left to send. A line that a crash cut short was never sent, so it is left out.
 */
export async function openOutbox(options: {
  dataDirectory: string;
  clock: Clock;
  log: Log;
  /** Resolves once the control plane has committed them. Throws while it is away. */
  send(events: AgentEvent[]): Promise<void>;
}): Promise<Outbox> {
  const { clock, log } = options;
  const path = join(options.dataDirectory, "events.log");
  const text = (await findFile(path)) ?? "";
  const waiting = readLines(text);
  const file = await open(path, "a", 0o600);
  let isCut = text !== "" && !text.endsWith("\n");
  const added: AgentEvent[] = [];
  const closing = new AbortController();
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (!closing.signal.aborted) {
      if (added.length > 0) await store();
      const batch = [...waiting.values()].slice(0, batchSize);
      if (batch.length === 0) return;
      try {
        await options.send(batch);
      } catch (error) {
        log.debug(`events were not sent: ${error}`);
        return retryLater();
      }
      for (const { key } of batch) waiting.delete(key);
      await append(`${JSON.stringify({ sent: batch.map(({ key }) => key) })}\n`);
      if (waiting.size === 0 && added.length === 0) await file.truncate(0);
    }
  }

  async function store(): Promise<void> {
    const events = [...added];
    await append(events.map((event) => `${JSON.stringify({ event })}\n`).join(""));
    // Not before: what could not be written stays here, and is tried again.
    added.splice(0, events.length);
    for (const event of events) waiting.set(event.key, event);
    for (const key of waiting.keys()) {
      if (waiting.size <= longestQueue) break;
      waiting.delete(key);
      log.warn("too many events wait for the control plane: the oldest was dropped");
    }
  }

  /** A line that a full disk cut short must not swallow the next one. */
  async function append(text: string): Promise<void> {
    const begin = isCut ? "\n" : "";
    isCut = true;
    await file.appendFile(begin + text);
    isCut = false;
    await file.datasync();
  }

  function retryLater() {
    const timer = setTimeout(start, retryMs);
    closing.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  function start(): void {
    if (working || closing.signal.aborted) return;
    working = work()
      .catch(async (error) => {
        // A full disk, most often: events stay in memory until it is mended.
        log.error(`the event outbox cannot be written: ${error}`);
        await clock.sleep(retryMs, closing.signal);
      })
      .finally(() => {
        working = undefined;
        if (added.length > 0) start();
      });
  }

  return {
    add(event) {
      added.push(event);
      if (added.length > longestQueue) added.shift();
      start();
    },
    flush: start,
    get size() {
      return waiting.size + added.length;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await working;
      if (added.length > 0) await store();
      await file.close();
    },
  };
}

function readLines(text: string): Map<string, AgentEvent> {
  const waiting = new Map<string, AgentEvent>();
  for (const part of text.split("\n")) {
    const parsed = line.safeParse(findJson(part));
    if (!parsed.success) continue;
    if ("event" in parsed.data) waiting.set(parsed.data.event.key, parsed.data.event);
    else for (const key of parsed.data.sent) waiting.delete(key);
  }
  return waiting;
}
