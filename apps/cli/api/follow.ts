import { type Apply, applySchema } from "@havn/model";
import { WebSocket } from "ws";
import type { Api } from "./client.ts";
import { isAway } from "./patience.ts";

export interface FollowOptions {
  signal: AbortSignal;
  onChange(apply: Apply): void;
  /** The connection was lost (with why) or is there again (undefined). */
  onConnection(lost: string | undefined): void;
  /** How long the server may be away before this gives up. The apply itself goes on without us. */
  patienceMs?: number;
  pollMs?: number;
}

/**
 * Follows an apply to its end, through restarts of the server. The live connection makes it quick; polling makes it
 * certain: nothing is missed when a message is. Returns the ended apply; throws when `signal` aborts.
 */
export async function followApply(api: Api, first: Apply, options: FollowOptions): Promise<Apply> {
  const { signal, patienceMs = 180_000, pollMs = 1000 } = options;
  let latest = first;
  let lastHeard = Date.now();
  const wake = createBell();
  const take = (apply: Apply) => {
    lastHeard = Date.now();
    // A poll that was under way may bring an older state than the live connection has brought since.
    if (latest.state !== "running") return;
    latest = apply;
    options.onChange(apply);
    if (apply.state !== "running") wake.ring();
  };
  const live = listen(api, `apply:${first.id}`, (data) => {
    const parsed = applySchema.safeParse(data);
    if (parsed.success) take(parsed.data);
  });
  let lost = false;
  try {
    while (latest.state === "running") {
      await wake.wait(pollMs, signal);
      signal.throwIfAborted();
      if (latest.state !== "running") break;
      try {
        take(await api.get(`/api/v1/applies/${first.id}`, applySchema, { signal }));
        if (lost) options.onConnection(undefined);
        lost = false;
      } catch (error) {
        if (!isAway(error) || Date.now() - lastHeard > patienceMs) throw error;
        if (!lost) options.onConnection((error as Error).message);
        lost = true;
      }
    }
    return latest;
  } finally {
    live.close();
  }
}

interface LiveConnection {
  close(): void;
}

/** Messages of one topic for as long as the connection is wanted; connects again by itself. */
function listen(api: Api, topic: string, onData: (data: unknown) => void): LiveConnection {
  const url = `${api.target.url.replace(/^http/, "ws")}/api/v1/live`;
  let closed = false;
  let socket: WebSocket | undefined;
  let retry: NodeJS.Timeout | undefined;
  const connect = () => {
    const opened = new WebSocket(url, {
      headers: { authorization: `Bearer ${api.target.token}` },
      handshakeTimeout: 5000,
    });
    socket = opened;
    opened.on("open", () => opened.send(JSON.stringify({ subscribe: topic })));
    opened.on("message", (text) => {
      const message = parseMessage(String(text));
      if (message?.topic === topic && message.data !== undefined) onData(message.data);
    });
    // Refusals and losses alike: polling goes on meanwhile, and says why.
    opened.on("error", () => opened.terminate());
    opened.on("close", () => {
      if (!closed) retry = setTimeout(connect, 1000);
    });
  };
  connect();
  return {
    close() {
      closed = true;
      clearTimeout(retry);
      socket?.terminate();
    },
  };
}

function parseMessage(text: string): { topic?: string; data?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Waits until rung, until the time is over or until `signal` aborts. */
function createBell() {
  let ring = () => {};
  return {
    ring: () => ring(),
    wait: (milliseconds: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(done, milliseconds);
        function done() {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        }
        ring = done;
        signal.addEventListener("abort", done, { once: true });
        if (signal.aborted) done();
      }),
  };
}
