import { HavnError } from "@havn/model";
import type { Identity } from "../access.ts";
import { createSubscriber, type Socket, type Subscriber } from "./subscriber.ts";

export interface TopicOptions {
  /** Needed to subscribe, for example "environment:read". */
  action: string;
  /** What the decision is about; the topic's whole name when left out. `rest` is what follows the first colon. */
  resource?(rest: string): string;
  /** Sent first to each new subscriber. `rest` is "shop" for the topic "status:shop" and "" for "events". */
  snapshot?(rest: string, identity: Identity): Promise<unknown>;
  /** Called when a topic gets its first subscriber; what it returns is called when the last one has left. */
  watch?(rest: string, publish: (data: unknown) => void): () => void;
  /** `latest` (status, progress): a slow reader skips to the newest. `every` (events, log lines; the default): a
   *  reader too slow for all of them is disconnected, reconnects and loads anew. */
  delivery?: "latest" | "every";
}

/** The one WebSocket. Rooms name their topics at start and publish to them; the kit knows who listens. */
export interface Live {
  /** `prefix` is the word before the first colon: `topic("status", …)` serves "status:shop". */
  topic(prefix: string, options: TopicOptions): void;
  /** `data` must be JSON. Costs nothing when nobody listens. */
  publish(topic: string, data: unknown): void;
  /** Whether anyone listens, for data that costs something to make. */
  hasSubscribers(topic: string): boolean;
}

/** What the server does with the hub. */
export interface LiveHub extends Live {
  accept(socket: Socket, identity: Identity, decide: Decide): Subscriber;
  /** Every topic prefix with what it declares, for the walk over all doors. */
  topics(): ReadonlyMap<string, TopicOptions>;
}

export type Decide = (identity: Identity, action: string, resource: string) => boolean | Promise<boolean>;

interface OpenTopic {
  readonly subscribers: Set<Subscriber>;
  readonly close: (() => void) | undefined;
}

/** Topics that one connection may hold: more is a mistake or an attack. */
const maximumTopics = 200;

export function createLive(): LiveHub {
  const prefixes = new Map<string, TopicOptions>();
  const open = new Map<string, OpenTopic>();

  function publish(topic: string, data: unknown): void {
    const subscribers = open.get(topic)?.subscribers;
    if (!subscribers?.size) return;
    const latest = prefixes.get(prefixOf(topic))?.delivery === "latest";
    const frame = JSON.stringify({ topic, data });
    for (const subscriber of subscribers) subscriber.send(topic, frame, latest);
  }

  function join(topic: string, subscriber: Subscriber, options: TopicOptions): void {
    let entry = open.get(topic);
    if (!entry) {
      entry = {
        subscribers: new Set(),
        close: options.watch?.(restOf(topic), (data) => publish(topic, data)),
      };
      open.set(topic, entry);
    }
    entry.subscribers.add(subscriber);
  }

  function leave(topic: string, subscriber: Subscriber): void {
    subscriber.forget(topic);
    const entry = open.get(topic);
    if (!entry?.subscribers.delete(subscriber) || entry.subscribers.size > 0) return;
    open.delete(topic);
    entry.close?.();
  }

  /** The snapshot is read after joining and sent before anything published since, so that nothing falls between. */
  async function subscribe(topic: string, subscriber: Subscriber, decide: Decide): Promise<void> {
    const options = prefixes.get(prefixOf(topic));
    if (!options) throw new HavnError(`There is no topic "${topic}"`, { status: 404 });
    const resource = options.resource?.(restOf(topic)) ?? topic;
    if (!(await decide(subscriber.identity, options.action, resource)))
      throw new HavnError(`Your role may not do ${options.action}`, { status: 403 });
    if (subscriber.topics.has(topic) || subscriber.closed) return;
    if (subscriber.topics.size >= maximumTopics)
      throw new HavnError(`One connection may hold ${maximumTopics} topics`, { status: 429 });
    subscriber.hold(topic);
    join(topic, subscriber, options);
    try {
      const snapshot = await options.snapshot?.(restOf(topic), subscriber.identity);
      subscriber.release(topic, [
        JSON.stringify({ subscribed: topic }),
        ...(snapshot === undefined ? [] : [JSON.stringify({ topic, data: snapshot })]),
      ]);
    } catch (cause) {
      leave(topic, subscriber);
      throw cause;
    }
  }

  return {
    topic(prefix, options) {
      if (!/^[a-z]+$/.test(prefix))
        throw new TypeError(`"${prefix}" is no topic prefix: one lower-case word`);
      if (prefixes.has(prefix)) throw new TypeError(`The topic "${prefix}" is defined twice`);
      prefixes.set(prefix, options);
    },
    publish,
    hasSubscribers: (topic) => open.has(topic),
    topics: () => prefixes,
    accept(socket, identity, decide) {
      const subscriber = createSubscriber(socket, identity, {
        subscribe: (topic) => subscribe(topic, subscriber, decide),
        unsubscribe: (topic) => leave(topic, subscriber),
      });
      return subscriber;
    },
  };
}

function prefixOf(topic: string): string {
  const colon = topic.indexOf(":");
  return colon < 0 ? topic : topic.slice(0, colon);
}

function restOf(topic: string): string {
  const colon = topic.indexOf(":");
  return colon < 0 ? "" : topic.slice(colon + 1);
}
