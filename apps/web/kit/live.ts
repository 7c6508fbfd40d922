import type { Apply, CheckView, EnvironmentStatus, Event, LogRecord } from "@havn/model";

export type LiveState = "connecting" | "open" | "reconnecting";

export interface LiveClient {
  /** Hears a topic until the returned function is called. `again` is called after a gap, to load what was missed. */
  subscribe(topic: string, hear: (data: unknown) => void, again?: () => void): () => void;
  readonly state: LiveState;
  onState(listener: (state: LiveState) => void): () => void;
  close(): void;
}

/** What a page hears: made by the functions of `topics`, which know each topic's data. */
export interface Hearing<T> {
  topic: string;
  update(data: T, message: unknown): T;
  /** Whether the page is to be loaded again instead: what is heard says that something changed, not what. */
  again?: ((message: unknown) => boolean) | undefined;
}

/** Checks that have changed, whole, and addresses of those that are gone. */
export interface CheckNews {
  changed: CheckView[];
  gone: string[];
}

const hearing = <T, M>(topic: string, update: (data: T, message: M) => T): Hearing<T> => ({
  topic,
  update: (data, message) => update(data, message as M),
});

export const topics = {
  status: <T>(environment: string, update: (data: T, status: EnvironmentStatus) => T) =>
    hearing<T, EnvironmentStatus>(`status:${environment}`, update),
  events: <T>(environment: string | undefined, update: (data: T, event: Event) => T) =>
    hearing<T, Event>(environment ? `events:${environment}` : "events", update),
  logs: <T>(environment: string, service: string, update: (data: T, records: LogRecord[]) => T) =>
    hearing<T, LogRecord[]>(`logs:${environment}:${service}`, update),
  /** What somebody did or what happened: the page is loaded again where the kind of it fits. */
  happened: <T>(environment: string, kinds: RegExp): Hearing<T> => ({
    topic: `events:${environment}`,
    update: (data) => data,
    again: (message) => kinds.test((message as Event).kind),
  }),
  /** Anything said on this topic makes the page load again. */
  changed: <T>(topic: string): Hearing<T> => ({ topic, update: (data) => data, again: () => true }),
  checks: <T>(environment: string, update: (data: T, news: CheckNews) => T) =>
    hearing<T, CheckNews>(`checks:${environment}`, update),
  apply: <T>(id: string, update: (data: T, apply: Apply) => T) => hearing<T, Apply>(`apply:${id}`, update),
};

const firstRetryMs = 500;
const slowestRetryMs = 15_000;
/** The server pings every 20 s at protocol level; browsers hide that, so a dead line shows when a send fails. */
interface Hearer {
  hear(data: unknown): void;
  again: (() => void) | undefined;
}

/** One WebSocket for the whole page, that comes back by itself. `refused` is asked after each failed connection. */
export function openLive(url: string, refused: () => void): LiveClient {
  const hearers = new Map<string, Set<Hearer>>();
  const listeners = new Set<(state: LiveState) => void>();
  let socket: WebSocket | undefined;
  let state: LiveState = "connecting";
  let attempts = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function become(next: LiveState): void {
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener(next);
  }

  function connect(): void {
    let opened = false;
    socket = new WebSocket(url);
    socket.onopen = () => {
      opened = true;
      const gap = attempts > 0;
      attempts = 0;
      become("open");
      for (const [topic, set] of hearers) {
        send({ subscribe: topic });
        if (gap) for (const hearer of set) hearer.again?.();
      }
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(String(data)) as { topic?: string; data?: unknown };
      if (!frame.topic || !("data" in frame)) return;
      for (const hearer of hearers.get(frame.topic) ?? []) hearer.hear(frame.data);
    };
    socket.onclose = () => {
      if (closed) return;
      if (!opened) refused();
      become("reconnecting");
      // Jitter keeps many pages from coming back in the same instant after a restart.
      const delay = Math.min(slowestRetryMs, firstRetryMs * 2 ** attempts) * (0.5 + Math.random() / 2);
      attempts += 1;
      timer = setTimeout(connect, delay);
    };
  }

  function send(frame: unknown): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  const retryNow = () => {
    if (state !== "reconnecting" || closed || socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(timer);
    connect();
  };
  addEventListener("online", retryNow);
  connect();

  return {
    get state() {
      return state;
    },
    subscribe(topic, hear, again) {
      const hearer: Hearer = { hear, again };
      const set = hearers.get(topic) ?? new Set();
      if (set.size === 0) send({ subscribe: topic });
      hearers.set(topic, set.add(hearer));
      return () => {
        set.delete(hearer);
        if (set.size > 0 || hearers.get(topic) !== set) return;
        hearers.delete(topic);
        send({ unsubscribe: topic });
      };
    },
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      removeEventListener("online", retryNow);
      socket?.close();
    },
  };
}
