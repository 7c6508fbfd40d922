import { z } from "zod";
import type { Identity } from "../access.ts";
import { problemOf } from "../problems.ts";

/** What a connection needs of a WebSocket; `ws` has it. */
export interface Socket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface Subscriber {
  readonly identity: Identity;
  readonly topics: ReadonlySet<string>;
  readonly closed: boolean;
  send(topic: string, frame: string, latest: boolean): void;
  /** Keeps what is published to a new topic back until `release` has sent what comes first. */
  hold(topic: string): void;
  release(topic: string, first: string[]): void;
  forget(topic: string): void;
  receive(text: string): void;
  close(code: number, reason: string): void;
  /** Called once when the connection has ended: leaves every topic. */
  ended(): void;
}

export interface SubscriberDoor {
  subscribe(topic: string): Promise<void>;
  unsubscribe(topic: string): void;
}

/** Above the first, `latest` topics wait and skip; above the second, the reader is disconnected. Bytes. */
const congestedBytes = 256 * 1024;
const maximumBytes = 4 * 1024 * 1024;
const retryMs = 100;

const clientFrame = z.union([
  z.strictObject({ subscribe: z.string().min(1).max(500) }),
  z.strictObject({ unsubscribe: z.string().min(1).max(500) }),
]);

export function createSubscriber(socket: Socket, identity: Identity, door: SubscriberDoor): Subscriber {
  const topics = new Set<string>();
  const held = new Map<string, string[]>();
  const waiting = new Map<string, string>();
  let heldBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function close(code: number, reason: string): void {
    if (closed) return;
    closed = true;
    socket.close(code, reason);
  }

  function transmit(frame: string): void {
    if (closed) return;
    if (socket.bufferedAmount + heldBytes + frame.length > maximumBytes)
      close(1013, "reading too slowly: connect and load again");
    else socket.send(frame);
  }

  function flushWaiting(): void {
    timer = undefined;
    for (const [topic, frame] of waiting) {
      if (closed || socket.bufferedAmount > congestedBytes) break;
      waiting.delete(topic);
      transmit(frame);
    }
    if (waiting.size > 0 && !closed) timer = setTimeout(flushWaiting, retryMs).unref();
  }

  function send(topic: string, frame: string, latest: boolean): void {
    if (closed) return;
    const queue = held.get(topic);
    if (queue) {
      heldBytes += frame.length;
      queue.push(frame);
      if (heldBytes > maximumBytes) close(1013, "reading too slowly: connect and load again");
    } else if (latest && (waiting.size > 0 || socket.bufferedAmount > congestedBytes)) {
      waiting.set(topic, frame);
      timer ??= setTimeout(flushWaiting, retryMs).unref();
    } else transmit(frame);
  }

  return {
    identity,
    topics,
    get closed() {
      return closed;
    },
    send,
    hold(topic) {
      topics.add(topic);
      held.set(topic, []);
    },
    release(topic, first) {
      const queue = held.get(topic);
      if (!queue) return;
      held.delete(topic);
      for (const frame of queue) heldBytes -= frame.length;
      for (const frame of [...first, ...queue]) transmit(frame);
    },
    forget(topic) {
      topics.delete(topic);
      waiting.delete(topic);
      for (const frame of held.get(topic) ?? []) heldBytes -= frame.length;
      held.delete(topic);
    },
    receive(text) {
      const parsed = clientFrame.safeParse(parseJson(text));
      if (!parsed.success) return close(1008, 'expected {"subscribe": topic} or {"unsubscribe": topic}');
      const frame = parsed.data;
      if ("unsubscribe" in frame) return door.unsubscribe(frame.unsubscribe);
      door
        .subscribe(frame.subscribe)
        .catch((cause) => transmit(JSON.stringify({ topic: frame.subscribe, ...problemOf(cause).body })));
    },
    close,
    ended() {
      closed = true;
      clearTimeout(timer);
      for (const topic of [...topics]) door.unsubscribe(topic);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
