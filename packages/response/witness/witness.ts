import { randomUUID, timingSafeEqual } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Channel, type Clock, formatDuration, repeat } from "@havn/model";
import { z } from "zod";
import { type Message, send as sendThrough } from "../notifiers/index.ts";
import { type WitnessConfig, watchOf } from "./config.ts";
import { decide, newWatchState, pinged, restarted, type Telling, type WatchState } from "./decide.ts";

export interface WitnessOptions {
  config: WitnessConfig;
  /** Where it keeps what it knows; made if it is missing. */
  directory: string;
  clock: Clock;
  listen: { host: string; port: number };
  log(message: string): void;
  send?(channel: Channel, message: Message, signal: AbortSignal): Promise<string>;
}

export interface Witness extends AsyncDisposable {
  readonly port: number;
}

const stateSchema = z.object({
  watched: z.record(
    z.string(),
    z.object({
      state: z.enum(["up", "silent"]),
      lastPing: z.number(),
      pingsSince: z.number().optional(),
      toldAt: z.number().optional(),
    }),
  ),
  /** What was not taken yet by every channel: their places in the configuration. */
  open: z.array(
    z.object({
      message: z.custom<Message>((value) => typeof value === "object" && value !== null),
      channels: z.array(z.number().int()),
      tries: z.number().int(),
      nextAt: z.number(),
    }),
  ),
});
type State = z.infer<typeof stateSchema>;

const lookEveryMs = 1000;
const longestTryMs = 15_000;
/** A channel that takes nothing for a day is given up. */
const longestTelling = 300;

/**
 * Takes pings, and tells people over its own channels when they stop coming. What is to be told stands on the disk
 * before it is sent, and stays there until every channel has taken it.
 */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const { config, clock, log } = options;
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const path = join(options.directory, "witness.json");
  const state = await readState(path);
  for (const { name } of config.watch) {
    const known = state.watched[name];
    state.watched[name] = known ? restarted(known as WatchState, clock.now()) : newWatchState(clock.now());
  }
  let writing: Promise<void> = Promise.resolve();
  const keep = (): Promise<void> => {
    writing = writing.catch(() => {}).then(() => writeWhole(path, JSON.stringify(state)));
    return writing;
  };
  await keep();

  function ping(name: string, token: string): boolean {
    const one = config.watch.find((watch) => watch.name === name);
    if (!one || !same(one.token, token)) return false;
    const before = state.watched[name] as WatchState;
    state.watched[name] = pinged(watchOf(one), before, clock.now());
    return true;
  }

  async function look(): Promise<void> {
    const now = clock.now();
    let changed = false;
    for (const one of config.watch) {
      const decision = decide(watchOf(one), state.watched[one.name] as WatchState, now);
      state.watched[one.name] = decision.state;
      if (!decision.tell) continue;
      changed = true;
      log(`${one.name} is ${decision.tell}`);
      state.open.push({
        message: messageOf(one.name, decision.tell, decision.state, now),
        ...{ channels: config.channels.map((_, index) => index), tries: 0, nextAt: now },
      });
    }
    if (changed) await keep();
    await tell(now);
  }

  async function tell(now: number): Promise<void> {
    const due = state.open.filter(({ nextAt }) => nextAt <= now);
    if (due.length === 0) return;
    for (const one of due) {
      const left = await Promise.all(one.channels.map((index) => tryChannel(index, one.message)));
      one.channels = left.filter((index) => index !== undefined);
      one.tries += 1;
      one.nextAt = clock.now() + Math.min(5000 * 2 ** one.tries, 300_000);
    }
    state.open = state.open.filter(({ channels, tries }) => channels.length > 0 && tries < longestTelling);
    await keep();
  }

  /** The channel's place where it took nothing. */
  async function tryChannel(index: number, message: Message): Promise<number | undefined> {
    const channel = config.channels[index];
    if (!channel) return undefined;
    try {
      const said = await (options.send ?? sendThrough)(channel, message, AbortSignal.timeout(longestTryMs));
      log(`${channel.kind} took "${message.subject}": ${said}`);
      return undefined;
    } catch (error) {
      log(
        `${channel.kind} did not take "${message.subject}": ${error instanceof Error ? error.message : error}`,
      );
      return index;
    }
  }

  const server = createServer((request, response) => {
    const [, kind, name = "", token = ""] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
    const good = request.method === "POST" && kind === "ping" && ping(name, token);
    request.resume();
    response.writeHead(good ? 204 : 404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  const stopping = new AbortController();
  const looking = repeat(() => look().catch((error) => log(`tried again: ${error}`)), {
    ...{ clock, interval: lookEveryMs, signal: stopping.signal },
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.closeAllConnections();
      await Promise.all([looking, new Promise((resolve) => server.close(resolve))]);
      await keep();
    },
  };
}

function messageOf(name: string, what: Telling, { lastPing }: WatchState, now: number): Message {
  const silence = formatDuration(Math.round((now - lastPing) / 1000) * 1000);
  const back = what === "back";
  return {
    ...{ id: randomUUID().replaceAll("-", ""), about: `witness-${name}`, at: now, answerable: false },
    ...{ state: back ? "resolved" : "firing", severity: "critical", url: "", alerts: [] },
    subject: back ? `Havn ${name} is back` : `Havn ${name} is ${what}`,
    text: back
      ? "It pings again. Look what was missed meanwhile."
      : `It has not pinged for ${silence}. It may not be able to page anyone.`,
  };
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function readState(path: string): Promise<State> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    // There is none yet. One that cannot be read says nothing: whoever is silent is found silent again.
    return { watched: {}, open: [] };
  }
}

/** There as a whole, or not at all, also after a power cut. */
async function writeWhole(path: string, content: string): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
